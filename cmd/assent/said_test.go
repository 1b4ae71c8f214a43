package main

import (
	"go/ast"
	source "go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assent/preferences/rights"
	"assent/templates/locale"
)

// ofScreens says whether what a file refuses can be shown on a page of the staff. What only the API, the pages of recipients or the
// command line answer is not.
func ofScreens(path string) bool {
	for _, shown := range []string{"web/errors.go", "web/server.go", "feedback/brake.go", "feedback/providers.go", "workers/judge.go"} {
		if strings.HasSuffix(path, shown) {
			return true
		}
	}
	if strings.Contains(path, "workers/") && !slices.ContainsFunc([]string{"/signing/", "/probe/", "/desk/"}, func(part string) bool { return strings.Contains(path, part) }) {
		return false
	}
	for _, other := range []string{"cmd/", "preferences/web/", "preferences/tokens/", "preferences/ledger/", "preferences/sqldb/", "campaigns/recipients/", "campaigns/pace/", "test/"} {
		if strings.Contains(path, other) {
			return false
		}
	}
	if name := filepath.Base(path); strings.HasPrefix(name, "handler") {
		for _, screens := range []string{"/desk/", "/office/", "/staff/handler", "/screen/", "/processing/", "/media/", "/live/"} {
			if strings.Contains(path, screens) {
				return name != "handler_api.go"
			}
		}
		return false
	}
	return true
}

// sentences are where the sentences of the engine stand: the functions that make a problem or a reason, with the place of the
// argument that is one.
var sentences = map[string]int{
	"problem.Invalid": 1, "problem.New": 1, "problem.Conflict": 0, "problem.Forbidden": 0, "problem.Unprocessable": 0, "problem.NotFound": 0, "problem.Unavailable": 0,
	"problem.Malformed": 0, ".Add": 1, ".add": 1, "refuse": 0, "invalid": 0, "errors.New": 0, "fmt.Errorf": 0, ".Pause": 3, ".pause": 2, "problem.Field": 1, "Field": 1,
	"= trouble": 0, "stop": 1, "= why": 0, "= Failure": 0, "= DisabledFor": 0,
}

// sentence is the text that an expression makes, each part of it that is not known here as {}.
func sentence(e ast.Expr, consts map[string]string) (text string, known bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		if text, ok := consts[e.Name]; ok {
			return text, true
		}
	case *ast.BinaryExpr:
		a, one := sentence(e.X, consts)
		b, two := sentence(e.Y, consts)
		return a + b, one || two
	case *ast.CallExpr:
		if callee(e.Fun) == "fmt.Sprintf" {
			text, known := sentence(e.Args[0], consts)
			return strings.ReplaceAll(verbs.ReplaceAllString(text, "{}"), "%%", "%"), known
		}
	}
	return "{}", false
}

// rule is how a sentence begins that follows the name of a field.
var rule = regexp.MustCompile(`^(must|is|has|cannot|needs) `)

var verbs = regexp.MustCompile(`%[+#.0-9]*[a-zA-Z]`)

func callee(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && slices.Contains([]string{"problem", "errors", "fmt"}, x.Name) {
			return x.Name + "." + e.Sel.Name
		}
		return "." + e.Sel.Name
	}
	return ""
}

// last is the name that something is assigned to.
func last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// english are the sentences of the engine that a page of the staff can show, with where they stand.
func english(t *testing.T) map[string]string {
	t.Helper()
	found, places := map[string]string{}, token.NewFileSet()
	read := func(path string, file *ast.File) {
		consts := map[string]string{}
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
				if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					consts[v.Names[0].Name], _ = strconv.Unquote(lit.Value)
				}
			}
			return true
		})
		look := func(n ast.Node, name string, args ...ast.Expr) {
			at, ok := sentences[name]
			if !ok || len(args) <= at {
				return
			}
			arg := args[at]
			if field, ok := arg.(*ast.KeyValueExpr); ok {
				arg = field.Value
			}
			text, known := sentence(arg, consts)
			if name == "problem.NotFound" {
				text += " not found"
			}
			text = verbs.ReplaceAllString(text, "{}")
			if known && meant(name, text) {
				found[text] = places.Position(n.Pos()).String()
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, to := range n.Lhs {
					if len(n.Lhs) == len(n.Rhs) {
						look(n, "= "+last(to), n.Rhs[i])
					}
				}
			case *ast.ReturnStmt: // a rule that says itself what is wrong
				for _, result := range n.Results {
					if text, _ := sentence(result, nil); rule.MatchString(text) {
						look(n, "refuse", result)
					}
				}
			case *ast.CallExpr:
				look(n, callee(n.Fun), n.Args...)
			case *ast.CompositeLit:
				look(n, callee(n.Type), n.Elts...)
			}
			return true
		})
	}
	for _, folder := range []string{"campaigns", "preferences", "workers"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || !ofScreens(path) {
				return err
			}
			file, err := source.ParseFile(places, path, nil, 0)
			if err == nil {
				read(path, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// ofAPackage is the beginning of an error that only logs and the command line show; the other errors are parts of problems.
var ofAPackage = regexp.MustCompile(`^[a-z0-9]+: |^\{\}: `)

func meant(name, text string) bool {
	switch {
	case strings.Trim(text, "{}:;. ") == "" || !strings.Contains(text, " ") || strings.HasPrefix(text, "{{"): // made of what others said, or no sentence
		return false
	case name == "errors.New", name == "fmt.Errorf":
		return !ofAPackage.MatchString(text)
	}
	return true
}

var said = regexp.MustCompile(`\{[a-z]+\}`)

// Every sentence with which the engine refuses something, and that a page of the staff can show, is said in Dutch too; and no
// translation is kept of what nothing says any more.
func TestTheEngineSpeaksDutch(t *testing.T) {
	says := english(t)
	findings(t, says)
	if len(says) < 300 {
		t.Fatalf("only %d sentences were found", len(says))
	}
	dutch := map[string]bool{}
	for _, text := range locale.Sayings("nl") {
		dutch[said.ReplaceAllString(text, "{}")] = true
	}
	for _, text := range slices.Sorted(maps.Keys(says)) {
		if !dutch[text] {
			t.Errorf("%s: %q has no Dutch in templates/locale/nl", says[text], text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(dutch)) {
		if _, ok := says[text]; !ok && strings.Contains(text, " ") {
			t.Errorf("nobody says %q", text)
		}
	}
}

var actionName = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)

// Every action that the audit log keeps has words, so that the page of the log shows no code.
func TestEveryActionOfTheLogHasWords(t *testing.T) {
	places, met := token.NewFileSet(), 0
	look := func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		action, _ := strconv.Unquote(lit.Value)
		if !actionName.MatchString(action) || strings.HasPrefix(action, "site.") { // site.: what the page says then
			return true
		}
		met++
		if !locale.Get("en").Has("site.audit.action." + action) {
			t.Errorf("%s: %s has no words in site.audit.action", places.Position(n.Pos()), action)
		}
		return true
	}
	for _, folder := range []string{"campaigns", "preferences", "workers"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := source.ParseFile(places, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if name := callee(n.Fun); slices.Contains([]string{".Record", ".move", ".change", ".store"}, name) {
						for _, arg := range n.Args {
							if lit, ok := arg.(*ast.BasicLit); ok {
								look(lit)
							}
						}
					}
				case *ast.AssignStmt:
					if last(n.Lhs[len(n.Lhs)-1]) == "action" {
						ast.Inspect(n, look)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range append(slices.Clone(rights.Statuses), "verify", "ask_again", "package", "begin", "extend", "lapse", "due_soon", "overdue", "receive") {
		if step != rights.Unconfirmed && !locale.Get("en").Has("site.audit.action.data_request."+string(step)) {
			t.Errorf("the step %s of a data request has no words", step)
		}
	}
	if met < 70 {
		t.Errorf("only %d actions were met", met)
	}
}

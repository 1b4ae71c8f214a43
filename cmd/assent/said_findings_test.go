package main

import (
	"go/ast"
	source "go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// finders are the functions that tell what an examination found, with the places of the arguments that are sentences.
var finders = map[string][]int{"failf": {0, 1, 2}, "warnf": {0, 1, 2}, "okf": {0, 1}, ".bad": {0}, ".name": {0}, "name": {1}, "errors.New": {0}, "fmt.Errorf": {0}}

// findings adds the sentences of examinations to says: names of what is looked at, what was found, and what to do about it. Names
// that consist of abbreviations, such as SPF with a domain, are the same in every language.
func findings(t *testing.T, says map[string]string) {
	t.Helper()
	places := token.NewFileSet()
	for _, folder := range []string{"doctor", "probe"} {
		files, err := filepath.Glob(filepath.Join("../../workers", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := source.ParseFile(places, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			sentencesOf(file, func(text string, at token.Pos) {
				bare := strings.ReplaceAll(text, "{}", "")
				if strings.Contains(bare, " ") && strings.ToUpper(bare) != bare && !strings.HasPrefix(text, folder+": ") {
					says[text] = places.Position(at).String()
				}
			})
		}
	}
}

// sentencesOf hands what may be a sentence in a file to keep.
func sentencesOf(file *ast.File, keep func(text string, at token.Pos)) {
	consts := map[string]string{}
	tell := func(e ast.Expr) {
		if text, known := sentence(e, consts); known {
			keep(strings.ReplaceAll(verbs.ReplaceAllString(text, "{}"), "%%", "%"), e.Pos())
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				consts[v.Names[0].Name], _ = strconv.Unquote(lit.Value)
				if v.Names[0].Name == "name" {
					tell(lit)
				}
			}
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			for _, at := range finders[callee(n.Fun)] {
				if at < len(n.Args) {
					tell(n.Args[at])
				}
			}
		case *ast.AssignStmt:
			if slices.Contains([]string{"name", "detail"}, last(n.Lhs[0])) {
				tell(n.Rhs[0])
			}
		case *ast.FuncDecl:
			if body := n.Body.List; n.Name.Name == "name" {
				if back, ok := body[len(body)-1].(*ast.ReturnStmt); ok {
					tell(back.Results[0])
				}
			}
		case *ast.KeyValueExpr:
			if slices.Contains([]string{"Name", "Detail", "WhatToDo"}, last(n.Key)) {
				tell(n.Value)
			}
		}
		return true
	})
}

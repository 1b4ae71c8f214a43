package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// answer is the last answer of the API.
type answer struct{ value any }

// client follows no redirect and keeps no cookie, as a mail provider that posts a one-click link.
var client = &http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call asks the API; the path is under /api/v1.
func (s *stage) call(key, method, path, body string) (status int, value any, err error) {
	req, err := http.NewRequest(method, "http://"+s.addr+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	if len(text) == 0 {
		return resp.StatusCode, nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("the answer is not JSON: %s", text)
	}
	return resp.StatusCode, value, nil
}

// api METHOD PATH STATUS [BODY] asks the API and expects a status, which is a regular expression such as 201 or 2..; BODY is
// JSON, or the name of a file of the script.
func (s *stage) api(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: api METHOD PATH STATUS [BODY]")
	}
	body := ""
	if len(args) == 4 {
		if body = args[3]; !strings.HasPrefix(strings.TrimSpace(body), "{") {
			body = os.Expand(ts.ReadFile(body), ts.Getenv)
		}
	}
	status, value, err := s.call(ts.Getenv("ASSENT_API_KEY"), args[0], args[1], body)
	ts.Check(err)
	s.answer.value = value
	if !is(ts, status, args[2]) {
		ts.Fatalf("%s %s answers %d, want %s: %s", args[0], args[1], status, args[2], text(value))
	}
}

// is says whether a status is the one wanted.
func is(ts *testscript.TestScript, status int, want string) bool {
	return holds(ts, strconv.Itoa(status), "~", "^(?:"+want+")$")
}

// json PATH [OP VALUE] looks at the last answer. OP is =, != or ~ (a regular expression); without it the path must
// exist, or with ! before the command must not.
func (s *stage) json(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && (len(args) != 3 || neg) {
		ts.Fatalf("usage: [!] json PATH, or json PATH =|!=|~ VALUE")
	}
	got, ok := find(s.answer.value, args[0])
	if len(args) == 1 {
		if ok == neg {
			ts.Fatalf("%s exists: %v, in %s", args[0], ok, text(s.answer.value))
		}
		return
	}
	if !ok {
		ts.Fatalf("there is no %s in %s", args[0], text(s.answer.value))
	}
	if !holds(ts, text(got), args[1], args[2]) {
		ts.Fatalf("%s is %s, want %s %s, in %s", args[0], text(got), args[1], args[2], text(s.answer.value))
	}
}

func holds(ts *testscript.TestScript, got, op, want string) bool {
	switch op {
	case "=":
		return got == want
	case "!=":
		return got != want
	case "~":
		re, err := regexp.Compile(want)
		ts.Check(err)
		return re.MatchString(got)
	}
	ts.Fatalf("unknown operator %s", op)
	return false
}

// save NAME PATH keeps a value of the last answer in a variable.
func (s *stage) save(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: save NAME PATH")
	}
	got, ok := find(s.answer.value, args[1])
	if !ok {
		ts.Fatalf("there is no %s in %s", args[1], text(s.answer.value))
	}
	ts.Setenv(args[0], text(got))
}

// poll PATH JSONPATH OP VALUE [TIME] asks until the answer is so; it becomes the last answer. Two minutes unless told.
func (s *stage) poll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 5 {
		ts.Fatalf("usage: poll PATH JSONPATH =|!=|~ VALUE [TIME]")
	}
	limit := 2 * time.Minute
	if len(args) == 5 {
		var err error
		limit, err = time.ParseDuration(args[4])
		ts.Check(err)
	}
	var last string
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		status, value, err := s.call(ts.Getenv("ASSENT_API_KEY"), "GET", args[0], "")
		if err != nil {
			last = err.Error()
			continue
		}
		s.answer.value, last = value, fmt.Sprint(status, " ", text(value))
		if got, ok := find(value, args[1]); ok && holds(ts, text(got), args[2], args[3]) {
			return
		}
	}
	ts.Fatalf("not within %v: %s %s %s; last: %s", limit, args[1], args[2], args[3], last)
}

// get URL STATUS [METHOD] fetches a page; it is kept in the files page.html and page.headers.
func (s *stage) get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: get URL STATUS [METHOD]")
	}
	method := "GET"
	if len(args) == 3 {
		method = args[2]
	}
	s.page(ts, method, args[0], args[1], "", "")
}

// post URL STATUS [-multipart] [NAME=VALUE…] sends a form, as a browser without scripts or a mail provider does.
func (s *stage) post(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: post URL STATUS [-multipart] [NAME=VALUE...]")
	}
	fields, parts := url.Values{}, false
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	for _, arg := range args[2:] {
		if arg == "-multipart" {
			parts = true
			continue
		}
		name, value, _ := strings.Cut(arg, "=")
		fields.Add(name, value)
		ts.Check(form.WriteField(name, value))
	}
	ts.Check(form.Close())
	if parts {
		s.page(ts, "POST", args[0], args[1], form.FormDataContentType(), buf.String())
		return
	}
	s.page(ts, "POST", args[0], args[1], "application/x-www-form-urlencoded", fields.Encode())
}

func (s *stage) page(ts *testscript.TestScript, method, address, want, kind, body string) {
	if strings.HasPrefix(address, "/") {
		address = "http://" + s.addr + address
	}
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	ts.Check(err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	ts.Check(err)
	var headers bytes.Buffer
	ts.Check(resp.Header.Write(&headers))
	ts.Check(os.WriteFile(ts.MkAbs("page.html"), page, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("page.headers"), headers.Bytes(), 0o600))
	if !is(ts, resp.StatusCode, want) {
		ts.Fatalf("%s %s answers %d, want %s: %.1000s", method, address, resp.StatusCode, want, page)
	}
}

// crowd N TOPIC [DOMAIN] makes N subscribers who gave their consent to a topic, person1@DOMAIN and so on.
func (s *stage) crowd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: crowd N TOPIC [DOMAIN]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	domain := "crowd.example"
	if len(args) == 3 {
		domain = args[2]
	}
	key, numbers, failures := ts.Getenv("ASSENT_API_KEY"), make(chan int), make(chan error, n)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range numbers {
				status, value, err := s.call(key, "POST", "/subscribers", fmt.Sprintf(`{"email": "person%d@%s"}`, i, domain))
				if id, ok := find(value, "id"); err == nil && ok {
					status, value, err = s.call(key, "POST", "/subscribers/"+text(id)+"/consents",
						fmt.Sprintf(`{"topic": %q, "action": "give", "source": "test", "wording": "Yes, write to me"}`, args[1]))
				}
				if err != nil || status != http.StatusCreated {
					failures <- fmt.Errorf("person %d: %d %s %v", i, status, text(value), err)
				}
			}
		})
	}
	for i := range n {
		numbers <- i + 1
	}
	close(numbers)
	workers.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v", err)
	}
}

// text is a JSON value as a script writes it: a string without its quotes, anything else as compact JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	out, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

var step = regexp.MustCompile(`^([^.\[\]]*)(?:\[([^\]]*)\])?(?:\.|$)`)

// find follows a path such as items[0].email, current[topic=news].state or items.length (how many).
func find(v any, path string) (any, bool) {
	if rest, ok := strings.CutSuffix(path, ".length"); ok {
		v, _ := find(v, rest)
		list, ok := v.([]any)
		return json.Number(strconv.Itoa(len(list))), ok
	}
	for path != "" {
		m := step.FindStringSubmatch(path)
		if m == nil || m[1]+m[2] == "" {
			return nil, false
		}
		path = path[len(m[0]):]
		if m[1] != "" {
			object, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = object[m[1]]; !ok {
				return nil, false
			}
		}
		if m[2] != "" {
			list, ok := v.([]any)
			if !ok {
				return nil, false
			}
			if v, ok = pick(list, m[2]); !ok {
				return nil, false
			}
		}
	}
	return v, true
}

// pick takes an element by number, or the first whose field has a value.
func pick(list []any, which string) (any, bool) {
	if name, want, ok := strings.Cut(which, "="); ok {
		for _, v := range list {
			if got, ok := find(v, name); ok && text(got) == want {
				return v, true
			}
		}
		return nil, false
	}
	if i, err := strconv.Atoi(which); err == nil && i >= 0 && i < len(list) {
		return list[i], true
	}
	return nil, false
}

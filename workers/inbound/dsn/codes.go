package dsn

import (
	"regexp"
	"strings"
)

var (
	statusForm = regexp.MustCompile(`[245]\.[0-7]\.\d{1,3}`)
	replyForm  = regexp.MustCompile(`(?:421|4[345]\d|471|50[0-4]|521|530|535|541|55\d|57\d)`)
)

// normalStatus is the enhanced status code at the start of s, without leading
// zeros, or "".
func normalStatus(s string) string {
	s = strings.TrimLeft(strings.TrimSpace(s), "#(")
	loc := statusForm.FindStringIndex(s)
	if loc == nil || loc[0] != 0 || !free(s, loc[0], loc[1]) {
		return ""
	}
	return trimZeros(s[:loc[1]])
}

func trimZeros(status string) string {
	i := strings.LastIndexByte(status, '.')
	last := strings.TrimLeft(status[i+1:], "0")
	if last == "" {
		last = "0"
	}
	return status[:i+1] + last
}

// generic reports a status that does not tell what failed.
func generic(status string) bool {
	switch status {
	case "", "5.0.0", "4.0.0", "5.1.0", "5.2.0", "4.2.0", "5.3.0", "4.3.0", "5.4.0", "4.4.0", "5.5.0", "4.5.0", "4.1.0", "5.4.4", "5.5.4":
		return true
	}
	return false
}

// StatusIn finds the most telling enhanced status code in text: the first that
// is not generic, of the class of the reply where there is one. Numbers that
// are part of an IP address or a longer version are none.
func StatusIn(text string, reply int) string {
	first := ""
	for _, loc := range statusForm.FindAllStringIndex(text, 64) {
		if !free(text, loc[0], loc[1]) || versionBefore(text[:loc[0]]) {
			continue
		}
		s := trimZeros(text[loc[0]:loc[1]])
		if s[0] == '2' || reply >= 400 && int(s[0]-'0') != reply/100 {
			continue
		}
		if !generic(s) {
			return s
		}
		if first == "" {
			first = s
		}
	}
	return first
}

// free reports that text[from:to] is not a piece of a longer dotted number.
func free(text string, from, to int) bool {
	if from > 0 {
		if c := text[from-1]; c == '.' || isWord(c) {
			return false
		}
	}
	if to < len(text) {
		if c := text[to]; isWord(c) || c == '.' && to+1 < len(text) && text[to+1] >= '0' && text[to+1] <= '9' {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// versionBefore reports that a number follows the name of a program.
func versionBefore(before string) bool {
	before = strings.ToLower(before[max(0, len(before)-12):])
	for _, w := range []string{"exim ", "version ", "postfix ", "postfix-", "/", "v", "release ", "sendmail ", "qmail-"} {
		if strings.HasSuffix(before, w) {
			return true
		}
	}
	return false
}

// ReplyIn finds the first SMTP reply code of a refusal in text, 0 if none.
func ReplyIn(text string) int {
	for _, loc := range replyForm.FindAllStringIndex(text, 256) {
		from, to := loc[0], loc[1]
		if !free(text, from, to) || from > 0 && strings.IndexByte("-/+=", text[from-1]) >= 0 {
			continue
		}
		if to < len(text) && strings.IndexByte(" -\t\n\"'#;:,)]>", text[to]) < 0 {
			continue
		}
		return int(text[from]-'0')*100 + int(text[from+1]-'0')*10 + int(text[from+2]-'0')
	}
	return 0
}

package office_test

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
)

// file is one that is chosen in a form.
type file struct {
	name, kind string
	data       []byte
}

func sendWith(who *stafftest.Browser, files []file, pairs ...string) stafftest.Answer {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		_ = w.WriteField(pairs[i], pairs[i+1])
	}
	for _, f := range files {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="files"; filename="` + f.name + `"`}}
		if f.kind != "" {
			head.Set("Content-Type", f.kind)
		}
		part, _ := w.CreatePart(head)
		_, _ = part.Write(f.data)
	}
	_ = w.Close()
	return who.Send("/admin/notices/single", w.FormDataContentType(), body.Bytes())
}

// Files go with a notice that somebody sends by hand, up to the bounds of the API, and what is wrong with one is said with its name.
func TestFilesGoWithANoticeByHand(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.customers("ann@example.com")
		olga := h.As("Olga", access.PrivacyOfficer)
		notice := []string{"to", "ann@example.com", "obligation", "contract", "basis", "contract", "subject", "Your contract", "text", "It is attached."}
		pdf := file{"contract.pdf", "application/pdf", []byte("%PDF-1.7 the contract")}
		at := sendWith(olga, []file{pdf, {"notes.txt", "", []byte("notes")}}, notice...).Want(303).Location()
		var kept string
		if err := h.DB.QueryRowContext(ctx, "SELECT attachments FROM messages WHERE id = $1", at[strings.LastIndexByte(at, '/')+1:]).Scan(&kept); err != nil || !strings.Contains(kept, `"filename":"contract.pdf","content_type":"application/pdf","content":"JVBERi0xLjcgdGhlIGNvbnRyYWN0"`) || !strings.Contains(kept, `"application/octet-stream"`) {
			t.Errorf("%s %v", kept, err)
		}
		sendWith(olga, []file{{"", "application/octet-stream", nil}}, notice...).Want(303) // what a browser sends where none is chosen
		sendWith(olga, []file{pdf, {"setup.EXE", "application/pdf", []byte("MZ")}}, notice...).Want(422, "setup.EXE: is of a type that mail servers refuse", "Choose the files again", "Your contract")
		sendWith(olga, []file{pdf}, append(notice[:9:9], "")...).Want(422, "Choose the files again")
		sendWith(olga, []file{{"large.pdf", "application/pdf", make([]byte, 7<<20+1)}}, notice...).Want(422, "must have at most 7 MB together")
		if page := sendWith(olga, nil, append(notice[:9:9], "")...).Want(422).Body.String(); strings.Contains(page, "Choose the files again") {
			t.Error("files are asked for again that nobody chose")
		}
		many := make([]file, 11)
		for i := range many {
			many[i] = pdf
		}
		sendWith(olga, many, notice...).Want(422, "must be at most 10")
		var n int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM messages").Scan(&n); err != nil || n != 2 {
			t.Errorf("%d are stored: %v", n, err)
		}
	})
}

package webhook

import (
	"errors"
	"net/http"
	"testing"

	"assent/preferences/tokens"
	"assent/workers/inbound"
)

func postmarkCallOf(body string) call {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth("assent", "correct horse")
	return call{r.Header, []byte(body)}
}

const postmarkHard = `{"RecordType":"Bounce","MessageStream":"outbound","ID":42,"Type":"HardBounce","TypeCode":1,"Name":"Hard bounce",
"MessageID":"883953f4-6105-42a2-a16a-77a8eac79483","Metadata":{"message_id":"` + ourID + `"},"ServerID":23,
"Description":"The server was unable to deliver your message (ex: unknown user, mailbox not found).",
"Details":"smtp;550 5.1.1 The email account that you tried to reach does not exist.","Email":"anna@example.net","From":"news@example.org",
"BouncedAt":"2026-03-03T08:59:54.9070259Z","DumpAvailable":true,"Inactive":true,"CanActivate":true,"Subject":"Spring"}`

func TestPostmark(t *testing.T) {
	p := Postmark{User: "assent", Password: "correct horse"}
	hostile(t, p, Postmark{User: "assent", Password: "other"}, postmarkCallOf(postmarkHard), 0)
	got, err := postmarkCallOf(postmarkHard).read(p, now)
	check(t, "hard", got, err, want{inbound.Bounce, inbound.Hard, "anna@example.net"})
	if got[0].MessageID != ourID || got[0].Code != "5.1.1" {
		t.Errorf("%+v", got[0])
	}
	for body, w := range map[string]want{
		`{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Details":"","Description":"unknown","Email":"a@example.net"}`:                                                     {inbound.Bounce, inbound.Hard, "a@example.net"},
		`{"RecordType":"Bounce","ID":2,"Type":"SoftBounce","Details":"550 no such user","Email":"a@example.net"}`:                                                             {inbound.Bounce, inbound.Soft, "a@example.net"},
		`{"RecordType":"Bounce","ID":3,"Type":"SoftBounce","Details":"552 5.2.2 mailbox full","Email":"a@example.net"}`:                                                       {inbound.Bounce, inbound.Full, "a@example.net"},
		`{"RecordType":"Bounce","ID":4,"Type":"Blocked","Details":"550 5.7.1 not today","Email":"a@example.net"}`:                                                             {inbound.Bounce, inbound.Policy, "a@example.net"},
		`{"RecordType":"Bounce","ID":5,"Type":"HardBounce","Details":"550 5.7.1 blocked, see spamhaus.org","Email":"a@example.net"}`:                                          {inbound.Bounce, inbound.Spam, "a@example.net"},
		`{"RecordType":"Bounce","ID":6,"Type":"AutoResponder","Email":"a@example.net"}`:                                                                                       {inbound.AutoReply, inbound.Vacation, "a@example.net"},
		`{"RecordType":"Bounce","ID":7,"Type":"ChallengeVerification","Email":"a@example.net"}`:                                                                               {inbound.AutoReply, inbound.Challenge, "a@example.net"},
		`{"RecordType":"Bounce","ID":8,"Type":"TemplateRenderingFailed","Email":"a@example.net"}`:                                                                             {inbound.Unknown, "", "a@example.net"},
		`{"RecordType":"SpamComplaint","ID":9,"Type":"SpamComplaint","Email":"a@example.net"}`:                                                                                {inbound.Complaint, "", "a@example.net"},
		`{"RecordType":"SubscriptionChange","MessageID":"m","Recipient":"a@example.net","Origin":"Recipient","SuppressSending":true,"SuppressionReason":"ManualSuppression"}`: {inbound.Unsubscribe, "", "a@example.net"},
	} {
		got, err := postmarkCallOf(body).read(p, now)
		check(t, body, got, err, w)
	}
	for _, body := range []string{
		`{"RecordType":"Delivery","MessageID":"m","Recipient":"a@example.net"}`,
		`{"RecordType":"Open","MessageID":"m"}`,
		`{"RecordType":"SubscriptionChange","MessageID":"m","Recipient":"a@example.net","Origin":"Customer","SuppressSending":true,"SuppressionReason":"ManualSuppression"}`,
		`{"RecordType":"SubscriptionChange","MessageID":"m","Recipient":"a@example.net","Origin":"Recipient","SuppressSending":false}`,
	} {
		got, err := postmarkCallOf(body).read(p, now)
		check(t, body, got, err)
	}
}

// The dump of what came back tells the campaign, never the person: whoever sent it back may have put anybody's mail into it.
func TestPostmarkADumpTellsTheCampaign(t *testing.T) {
	d, returnPath := testDomain(t)
	p := Postmark{User: "assent", Password: "correct horse", Domain: d}
	link := d.Keys.(*tokens.Keyring).Sign(tokens.Unsubscribe, tokens.Claims{Subject: anna, Source: campaign, Issued: now})
	for quoted, want := range map[string]string{
		"List-Unsubscribe: <https://news.example.org/u/" + link + `>,\n <mailto:x@example.org>`: campaign, "Return-Path: <" + returnPath + ">": campaign, "Subject: Spring": "", "x/u/" + link[:len(link)-2] + "aa": "",
	} {
		got, err := postmarkCallOf(`{"RecordType":"Bounce","ID":1,"Type":"HardBounce","Details":"550 5.1.1 unknown","Email":"a@example.net","Content":"Undelivered\n\n`+quoted+`\n"}`).read(p, now)
		if err != nil || len(got) != 1 || got[0].Claims.Source != want || got[0].Claims.Subject != "" || got[0].Proof != inbound.ByWebhook {
			t.Errorf("%s: %+v, %v", quoted, got, err)
		}
	}
}

func TestPostmarkByToken(t *testing.T) {
	p := Postmark{Token: "secret-token"}
	for token, want := range map[string]error{"secret-token": nil, "secret-tokeN": ErrForged, "": ErrForged} {
		_, err := call{http.Header{TokenHeader: {token}}, []byte(postmarkHard)}.read(p, now)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

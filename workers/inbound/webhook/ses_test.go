package webhook

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/workers/inbound"
)

const (
	topicARN = "arn:aws:sns:eu-west-1:123456789012:assent-ses"
	certURL  = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-60eadc530605d63b8e62a523676ef735.pem"
)

// amazon is our own SNS: a key, its certificate, and what was fetched.
type amazon struct {
	key     *rsa.PrivateKey
	pem     []byte
	mu      sync.Mutex
	fetched []string
	fail    error
}

var testRSA = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newAmazon(t *testing.T, key *rsa.PrivateKey, from, to time.Time) *amazon {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &amazon{key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (a *amazon) fetch(_ context.Context, url string) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fetched = append(a.fetched, url)
	if a.fail != nil {
		return nil, a.fail
	}
	return a.pem, nil
}

func (a *amazon) sign(t *testing.T, m snsMessage) call {
	t.Helper()
	var sig []byte
	var err error
	if m.SignatureVersion == "1" {
		sum := sha1.Sum([]byte(m.signedText()))
		sig, err = rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA1, sum[:])
	} else {
		sum := sha256.Sum256([]byte(m.signedText()))
		sig, err = rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Signature = base64.StdEncoding.EncodeToString(sig)
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return call{http.Header{}, body}
}

func notification(message string) snsMessage {
	return snsMessage{
		Type: "Notification", MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", TopicArn: topicARN, Message: message,
		Timestamp: now.Format("2006-01-02T15:04:05.000Z"), SignatureVersion: "2", SigningCertURL: certURL,
	}
}

const sesHard = `{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","feedbackId":"fb1",
"bouncedRecipients":[{"emailAddress":"a@example.net","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"b@example.net","status":"5.1.1"}]},
"mail":{"source":"RETURN","messageId":"00000138111222aa","headers":[{"name":"From","value":"x"},{"name":"Message-ID","value":"<` + ourID + `>"}]}}`

func TestSES(t *testing.T) {
	d, returnPath := testDomain(t)
	aws := newAmazon(t, testRSA(), now.Add(-time.Hour), now.Add(48*time.Hour))
	ses := func() *SES { return &SES{Topics: []string{topicARN}, Fetch: aws.fetch, Domain: d} }
	p := ses()
	c := aws.sign(t, notification(strings.Replace(sesHard, "RETURN", returnPath, 1)))
	hostile(t, p, &SES{Topics: []string{topicARN + "2"}, Fetch: aws.fetch}, c, orDay(0))
	if len(aws.fetched) != 1 {
		t.Errorf("the certificate was fetched %d times", len(aws.fetched))
	}
	altered(t, p, c, "a@example.net", "victim@example.net")
	altered(t, p, c, "22b80b92", "22b80b93")
	got, err := c.read(p, now)
	check(t, "hard", got, err, want{inbound.Bounce, inbound.Hard, "a@example.net"}, want{inbound.Bounce, inbound.Hard, "b@example.net"})
	if e := got[0]; e.MessageID != ourID || e.Claims.Subject != "" || e.Claims.Source != campaign || e.Code != "5.1.1" || e.ProviderEventID != "ses-fb1-a@example.net" {
		t.Errorf("%+v", e)
	}
	single := notification(`{"notificationType":"Complaint","complaint":{"feedbackId":"c","complainedRecipients":[{"emailAddress":"a@example.net"}]},"mail":{"source":"` + returnPath + `"}}`)
	if got, err := aws.sign(t, single).read(p, now); err != nil || len(got) != 1 || got[0].Claims.Subject != anna || got[0].Proof != inbound.ByReturnPath {
		t.Errorf("our own return path leads nowhere: %+v, %v", got, err)
	}
	bounce := func(typ, sub, status, diag string) string {
		return `{"eventType":"Bounce","bounce":{"bounceType":"` + typ + `","bounceSubType":"` + sub + `","feedbackId":"f","bouncedRecipients":[{"emailAddress":"a@example.net","status":"` + status + `","diagnosticCode":"` + diag + `"}]},"mail":{}}`
	}
	complaint := func(typ string) string {
		return `{"notificationType":"Complaint","complaint":{"feedbackId":"c","complaintFeedbackType":"` + typ + `","complainedRecipients":[{"emailAddress":"a@example.net"}]},"mail":{}}`
	}
	for message, w := range map[string]want{
		bounce("Permanent", "OnAccountSuppressionList", "5.1.1", ""):               {inbound.Bounce, inbound.Hard, "a@example.net"},
		bounce("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 no"):              {inbound.Bounce, inbound.Policy, "a@example.net"},
		bounce("Permanent", "General", "", ""):                                     {inbound.Bounce, inbound.Hard, "a@example.net"},
		bounce("Permanent", "General", "4.4.7", "smtp; 554 4.4.7 Message expired"): {inbound.Bounce, inbound.Soft, "a@example.net"},
		bounce("Transient", "MailboxFull", "", ""):                                 {inbound.Bounce, inbound.Full, "a@example.net"},
		bounce("Transient", "General", "", "user unknown"):                         {inbound.Bounce, inbound.Soft, "a@example.net"},
		bounce("Transient", "ContentRejected", "", ""):                             {inbound.Bounce, inbound.Spam, "a@example.net"},
		bounce("Undetermined", "Undetermined", "", ""):                             {inbound.Bounce, inbound.Soft, "a@example.net"},
		complaint("abuse"):    {inbound.Complaint, "", "a@example.net"},
		complaint(""):         {inbound.Complaint, "", "a@example.net"},
		complaint("not-spam"): {inbound.Unknown, inbound.NotSpam, "a@example.net"},
		`{"eventType":"DeliveryDelay","deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"a@example.net","status":"4.2.2","diagnosticCode":"452"}]},"mail":{}}`: {inbound.Delayed, inbound.Full, "a@example.net"},
	} {
		for _, version := range []string{"1", "2"} {
			m := notification(message)
			m.SignatureVersion, m.Subject = version, "Amazon SES Email Event Notification"
			got, err := aws.sign(t, m).read(p, now)
			check(t, message, got, err, w)
		}
	}
	for _, message := range []string{`{"eventType":"Delivery","mail":{}}`, "Successfully validated SNS topic for Amazon SES event publishing."} {
		got, err := aws.sign(t, notification(message)).read(p, now)
		check(t, message, got, err)
	}
}

// Whoever may post to the webhook must not make it call anywhere else.
func TestSESFetchesFromAmazonOnly(t *testing.T) {
	aws := newAmazon(t, testRSA(), now.Add(-time.Hour), now.Add(time.Hour))
	p := &SES{Topics: []string{topicARN}, Fetch: aws.fetch}
	for _, u := range []string{
		"", "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem", "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
		"https://evil.example/SimpleNotificationService-1.pem", "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
		"https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem", "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-1.pem",
		"https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem", "https://169.254.169.254/SimpleNotificationService-1.pem", "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
		"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?x=1", "https://sns.eu-west-1.amazonaws.com/other.pem", "https://x.sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
		"https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-1.pem", "//sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
	} {
		m := notification(sesHard)
		m.SigningCertURL = u
		events, err := aws.sign(t, m).read(p, now)
		if !errors.Is(err, ErrForged) || len(events) != 0 {
			t.Errorf("%s: %d events, %v", u, len(events), err)
		}
	}
	for _, topic := range []string{"arn:aws:sns:eu-west-1:999999999999:theirs", "", strings.ToUpper(topicARN)} {
		m := notification(sesHard)
		m.TopicArn = topic
		if events, err := aws.sign(t, m).read(p, now); !errors.Is(err, ErrForged) || len(events) != 0 {
			t.Errorf("topic %q: %v", topic, err)
		}
	}
	if len(aws.fetched) != 0 {
		t.Errorf("fetched %q", aws.fetched)
	}
}

func TestSESConfirmsSubscriptionsOfItsTopicsOnly(t *testing.T) {
	aws := newAmazon(t, testRSA(), now.Add(-time.Hour), now.Add(time.Hour))
	p := &SES{Topics: []string{topicARN}, Fetch: aws.fetch}
	confirm := snsMessage{
		Type: "SubscriptionConfirmation", MessageId: "m", TopicArn: topicARN, Message: "You have chosen to subscribe", Token: "2336412f37",
		Timestamp: now.Format(time.RFC3339), SignatureVersion: "1", SigningCertURL: certURL,
		SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=2336412f37",
	}
	events, err := aws.sign(t, confirm).read(p, now)
	if err != nil || len(events) != 0 || len(aws.fetched) != 2 || aws.fetched[1] != confirm.SubscribeURL {
		t.Fatalf("%v %v %q", events, err, aws.fetched)
	}
	for _, u := range []string{
		"https://evil.example/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=1", "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=" + topicARN + "&Token=1",
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=other&Token=1", "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=1", "",
	} {
		bad := confirm
		bad.SubscribeURL = u
		if _, err := aws.sign(t, bad).read(p, now); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if len(aws.fetched) != 2 {
		t.Errorf("fetched %q", aws.fetched)
	}
	aws.fail = errors.New("no route")
	if _, err := aws.sign(t, confirm).read(p, now); Status(err) != 503 {
		t.Errorf("a fault of the network: %v", err)
	}
}

func TestSESRefusesOldAndWeakCertificates(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // a weak key is made on purpose
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, aws := range map[string]*amazon{
		"expired": newAmazon(t, testRSA(), now.Add(-48*time.Hour), now.Add(-time.Hour)),
		"early":   newAmazon(t, testRSA(), now.Add(time.Hour), now.Add(48*time.Hour)),
		"weak":    newAmazon(t, weak, now.Add(-time.Hour), now.Add(time.Hour)),
		"none":    {key: testRSA(), pem: []byte("hello")},
	} {
		p := &SES{Topics: []string{topicARN}, Fetch: aws.fetch}
		if events, err := aws.sign(t, notification(sesHard)).read(p, now); !errors.Is(err, ErrForged) || len(events) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

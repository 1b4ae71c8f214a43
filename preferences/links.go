package preferences

import (
	"time"

	"assent/preferences/tokens"
)

// Links makes the addresses that stand in mails. Each is signed for its one purpose.
type Links struct {
	Base         string // public address, without a slash at the end
	BounceDomain string
	Keys         *tokens.Keyring
}

// For are the links of one mail to one person: about a topic, from a campaign or message.
func (l Links) For(subscriberID, topicID, sourceID string, at time.Time) MailLinks {
	c := tokens.Claims{Subject: subscriberID, Topic: topicID, Source: sourceID, Issued: at}
	return MailLinks{
		Unsubscribe:   l.Base + "/u/" + l.Keys.Sign(tokens.Unsubscribe, c),
		Preferences:   l.Base + "/p/" + l.Keys.Sign(tokens.Preferences, c),
		Why:           l.Base + "/why/" + l.Keys.Sign(tokens.Why, c),
		View:          l.Base + "/v/" + l.Keys.Sign(tokens.View, c),
		MailtoAddress: l.Keys.SignLocal(tokens.Unsubscribe, subscriberID, sourceID) + "@" + l.BounceDomain,
		ReturnPath:    l.ReturnPath(subscriberID, sourceID),
	}
}

// MailLinks are what one marketing mail carries.
type MailLinks struct {
	Unsubscribe   string
	Preferences   string
	Why           string
	View          string
	MailtoAddress string // of the unsubscribe by mail
	ReturnPath    string
}

// ReturnPath is the signed address to which bounces of a mail come back.
func (l Links) ReturnPath(subscriberID, sourceID string) string {
	return l.Keys.SignLocal(tokens.Return, subscriberID, sourceID) + "@" + l.BounceDomain
}

// Confirm is the link of a confirmation mail.
func (l Links) Confirm(subscriberID string, at time.Time) string {
	return l.Base + "/c/" + l.Keys.Sign(tokens.Confirm, tokens.Claims{Subject: subscriberID, Issued: at})
}

// Preferences is a link to a person's preference centre.
func (l Links) Preferences(subscriberID string, at time.Time) string {
	return l.Base + "/p/" + l.Keys.Sign(tokens.Preferences, tokens.Claims{Subject: subscriberID, Issued: at})
}

// Click is a link of a mail whose clicks are counted: the topic's place in the claims is the link's, which is stored with where
// it leads.
func (l Links) Click(subscriberID, linkID, campaignID string, at time.Time) string {
	return l.Base + "/k/" + l.Keys.Sign(tokens.Click, tokens.Claims{Subject: subscriberID, Topic: linkID, Source: campaignID, Issued: at})
}

// MessageID is the Message-ID of a mail, without the angle brackets: the same on every try.
func (l Links) MessageID(id string) string { return id + "@" + l.BounceDomain }

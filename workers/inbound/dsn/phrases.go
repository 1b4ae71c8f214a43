package dsn

import (
	"regexp"
	"strings"
)

// phrase is what the words of a refusal speak of.
type phrase struct {
	full     bool // the mailbox is full
	spam     bool // spam, virus, block list, reputation
	sender   bool // the sender or the policy towards it, said outright
	hard     bool // the recipient does not exist
	unlisted bool // Cisco's gateways say so of an address that is on no list of theirs
	policy   bool // permission, size, content
	block    bool // permission
	barred   bool // who sends is kept out, whoever it is for
	rate     bool // too much at once
	soft     bool // will pass
}

// words looks for the phrases in text. Addresses are left out first: what
// people call themselves is no evidence.
func words(text string) phrase {
	t := addressForm.ReplaceAllString(text, " @ ")
	t = continuation.ReplaceAllString(t, " ")
	t = " " + strings.ToLower(strings.Join(strings.Fields(t), " ")) + " "
	return phrase{
		full:     contains(t, fullPhrases),
		spam:     contains(t, spamPhrases),
		sender:   contains(t, senderPhrases),
		hard:     contains(t, hardPhrases),
		unlisted: strings.Contains(t, "#5.1.0 address rejected"),
		policy:   contains(t, policyPhrases),
		block:    contains(t, blockPhrases),
		barred:   contains(t, barredPhrases),
		rate:     contains(t, ratePhrases),
		soft:     contains(t, softPhrases),
	}
}

var (
	addressForm = regexp.MustCompile(`[^\s<>"'(),:;=\[\]：；，、。（）「」『』【】＜＞]+@[\p{Latin}\p{Nd}._-]+`)
	// The code that begins each line of a reply on several lines.
	continuation = regexp.MustCompile(`(?:^|\s)[245]\d\d(?:-(?:[245]\.\d\.\d{1,3}[\s-])?|\s[245]\.\d\.\d{1,3}\s)`)
)

func contains(t string, phrases []string) bool {
	for _, p := range phrases {
		if strings.Contains(t, p) {
			return true
		}
	}
	return false
}

// The lists are in lower case with single spaces. A phrase earns its place by
// being unambiguous: it must not stand in a refusal of another class.

var fullPhrases = []string{
	"mailbox full", "mailbox is full", "mail box full", "mailbox too full", "mailbox too large", "mailfolder is full", "inbox is full", "inbox full", "full mailbox",
	"over quota", "overquota", "over the quota", "allowed quota", "over-quota", "quota exceed", "exceeded quota", "exceeds quota", "exceed quota", "exceeds its quota", "exceeded its quota",
	"quota full", "quota violation", "quota has been", "quota is full", "over their quota", "exceeded their", "exceeded his", "over disk quota", "disk quota",
	"mailbox quota", "out of storage", "over its storage", "storage limit", "storage quota", "exceeded storage", "mailbox size limit", "mailbox limit",
	"mailbox has exceeded", "mailbox exceeded", "mailbox would exceed", "exceed mailbox", "too many messages on this", "has too many messages", "not enough storage space", "out of disk space",
	"mailbox for user is full", "exceeded the local limit", "account is full", "user is over", "maildir over", "mail quota", "message would put", "would be over",
	"postfach ist voll", "postfach voll", "postfach des empfängers ist voll", "mailbox voll", "mailbox ist voll", "speicherplatz", "postfachgröße", "posteingang ist voll", "kontingent",
	"boîte pleine", "boite pleine", "boîte aux lettres est pleine", "boite aux lettres est pleine", "messagerie est pleine", "est pleine", "quota dépassé",
	"mailbox is vol", "postvak is vol", "postbus is vol", "postbus vol", "inbox is vol", "opslaglimiet", "opslagruimte",
	"buzón lleno", "buzón está lleno", "está lleno", "casella piena", "casella di posta piena", "è piena", "caixa cheia", "caixa postal cheia", "está cheia",
	"メールボックスがいっぱい", "メールボックスが一杯", "容量が一杯", "メールボックスの容量", "容量を超え", "容量オーバー", "容量がいっぱい", "空き容量", "保存容量", "邮箱已满", "邮箱空间", "空间不足", "переполнен",
	"is vol ", "is vol.", "postvak vol", "jest pelna", "jest pełna", "przepelnion", "przepełnion", "已满", "已滿",
}

var spamPhrases = []string{
	"spam", "blacklist", "black list", "block list", "blocklist", "blocked using", "is unlisted", "are unlisted", "was unlisted", "currently unlisted", "unlisted at", "unlisted by", "dnsbl", " rbl", "denylist",
	"unsolicited", "junk mail", "junk email", "bulk mail", "bulk email", "mass mail", "reputation", "virus", "malware", "infected", "phish", "suspicious", "considered abusive",
	"content filter", "content rejected", "rejected by content", "message content rejected", "poor sender", "low sender", "barracuda", "cloudmark", "surbl", "uribl", "uce ",
	"user complaints", "complaint", "banned sending ip", "ip address has been blocked", "ip has been blocked", "your ip", "from your network", "werbung", "unerwünscht", "indésirable",
	"ongewenste", "迷惑メール", "垃圾邮件", "спам",
	"[cs] message blocked",
}

var senderPhrases = []string{
	"sender address rejected", "sender rejected", "sender denied", "sender verify failed", "sender verification", "sender is not allowed", "sender not allowed", "sender domain",
	"envelope blocked", "policy reason", "policy restriction", "due to policy", "policy violation", "violates", "rejected by policy", "policy reject", "local policy", "organization policy",
	"message rejected due to", "administrative prohibition", "administratively", "unauthenticated", "authentication required", "spf ", "spf:", " dkim", "dmarc", "reverse dns", "reverse lookup",
	"ptr record", "no ptr", "reply to mail from", "after mail from", "domain of sender", "not accepted from", "does not accept mail from", "doesn't accept mail from", "only accept", "only allowed", "allowed to send",
	"not authorized to send", "permission to send", "restricted to", "restricted sender", "senders that", "senders who", "authorized sender", "tls required", "must issue a starttls", "requires tls",
	"absender", "expéditeur", "afzender", "remitente", "mittente",
}

var hardPhrases = []string{
	"user unknown", "unknown user", "no such user", "no such recipient", "no such mailbox", "no such account", "no such address", "no such person", "no such email", "no such e-mail", "no such local",
	"unknown recipient", "recipient unknown", "unknown address", "address unknown", "unknown mailbox", "unknown account", "unknown local", "unknown or illegal", "unknown destination address",
	"unknown rcpt", "unrouteable address", "unroutable address", "unrouteable mail domain", "user not found", "recipient not found", "mailbox not found", "account not found", "address not found",
	"addressee unknown", "user not known", "not known at this", "username not found", "address wasn't found", "address couldn't be found", "could not be found", "couldn't be found", "wasn't found at",
	"recipientnotfound", "recipnotfound", "not found by smtp address lookup", "not found in", "does not exist", "doesn't exist", "dosn't exist", "not exist", "doesn't have a", "does not have a", "does not have an",
	"not a valid mailbox", "not a valid recipient", "not a valid user", "not a valid address", "is not valid", "invalid recipient", "recipient is invalid", "recipient invalid", "invalid mailbox", "invalid address", "invalid user", "invalid final delivery", "invalid account", "not a registered", "not registered",
	"address is invalid", "is not a known user", "bad destination", "bad address", "bad recipient", "mailbox unavailable", "mailbox is unavailable", "mailbox disabled", "mailbox is disabled", "account disabled", "account is disabled",
	"account has been", "account that you tried to reach is", "user is disabled", "address is disabled", "mailbox is inactive", "account is inactive", "account inactive", "user is inactive", "inactive user",
	"inactive mailbox", "inactive account", "account expired", "account closed", "mailbox closed", "account suspended", "user suspended", "account terminated", "is deactivated", "has been deactivated", "no longer", "no mailbox", "no mail box",
	"not our customer", "not a local user", "no account", "has left", "user doesn't", "user does not", "not unlisted in", "recipient name is not recognized", "not recognized", "is not recognised", "destination address is incorrect",
	"recipient address rejected: access denied", "recipient address rejected: undeliverable", "recipient address rejected: unverified", "recipient rejected", "undeliverable address", "recipient verification failed", "recipient address has been",
	"no valid recipients", "all recipient addresses rejected", "user invalid", "host or domain name not found", "name or service not known", "host not found", "host unknown", "unknown host", "domain not found",
	"no such domain", "nxdomain", "non-existent domain", "nonexistent domain", "unknown domain", "domain unknown", "no mx record", "null mx", "nullmx", "does not accept mail", "does not receive", "illegal alias", "this address does not", "there is no one at this",
	"existiert nicht", "nicht existier", "empfänger unbekannt", "empfänger ist unbekannt", "benutzer unbekannt", "unbekannter empfänger", "unbekannter benutzer", "nicht gefunden", "nicht bekannt", "ist ungültig", "nicht mehr gültig", "adresse ist unbekannt",
	"n'existe pas", "n'existe plus", "utilisateur inconnu", "destinataire inconnu", "adresse inconnue", "inconnu", "introuvable", "inexistant", "n'a pas été trouvé", "invalide",
	"bestaat niet", "onbekende gebruiker", "gebruiker onbekend", "onbekende ontvanger", "ontvanger onbekend", "niet gevonden", "niet bekend", "no existe", "usuario desconocido", "no se encontró", "no se ha encontrado", "destinatario desconocido",
	"non esiste", "utente sconosciuto", "destinatario sconosciuto", "inesistente", "não existe", "nao existe", "desconhecido", "não encontrado", "nie istnieje", "nieznany", "не существует", "не найден", "нет такого", "neexistuje", "findes ikke", "finns inte", "ei ole olemassa",
	"見つかりません", "存在しません", "存在しない", "宛先不明", "宛先が不明", "リストにありません", "該当するユーザ", "不明なユーザ", "用户不存在", "收件人不存在", "不存在", "查无此人", "존재하지", "없는 사용자",
}

var policyPhrases = []string{
	"policy", "not authorized", "not authorised", "not permitted", "not allowed", "access denied", "permission denied", "relay", "banned", "blocked", "refused by", "not accepted", "prohibited", "forbidden",
	"message size", "message too large", "message is too large", "too large", "too big", "size limit", "size exceed", "maximum size", "exceeds size", "attachment", "content", "restricted", "not a member", "moderat", "domain filter",
	"rejected", "unacceptable", "contains", "zu groß", "abgelehnt", "nicht erlaubt", "trop volumineux", "refusé", "te groot", "geweigerd", "サイズ", "拒否", "制限",
}

// blockPhrases are those of policyPhrases that speak of who sends.
var blockPhrases = []string{
	"policy", "access denied", "permission denied", "relay", "banned", "blocked", "prohibited", "forbidden", "not authenticated", "not authorized", "not authorised",
}

var barredPhrases = []string{"blocked,", " blocked;", "has been blocked", "is blocked", "was blocked", "banned"}

var ratePhrases = []string{
	"rate limit", "at a rate", "too quickly", "too many connections", "too many messages", "too many recipients", "too much mail", "ratelimit", "throttl", "sending rate", "exceeded the rate", "frequency", "concurren",
}

var softPhrases = []string{
	"temporar", "try again", "retry", "greylist", "graylist", "timed out", "timeout", "time out", "connection refused", "connection reset", "connection dropped", "lost connection", "no route to host", "unreachable", "deferred",
	"expired", "too many hops", "loop", "not responding", "did not respond", "could not connect", "insufficient system", "system full", "out of memory", "local error", "internal error", "queue", "unable to connect", "server busy",
	"busy", "delayed", "resources", "too long", "bad gateway", "service unavailable", "not available", "vorübergehend", "zeitüberschreitung", "temporaire", "tijdelijk", "temporalmente", "一時的", "タイムアウト",
}

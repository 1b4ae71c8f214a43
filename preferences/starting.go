package preferences

import (
	"context"
	"slices"

	"assent/preferences/audit"
	"assent/preferences/problem"
)

// StartingTopics are the topics that a new installation is offered, drawn from what companies promise in their privacy
// policies: each has one purpose, its legal basis, and a name and description in every language of the recipients' pages.
func StartingTopics() []TopicInput {
	topic := func(key, class, basis string, names, descriptions map[string]string) TopicInput {
		double, similar := basis == "consent", basis == "soft_opt_in"
		return TopicInput{Key: key, Class: class, Basis: basis, DoubleOptIn: &double, SimilarGoods: &similar, Names: names, Descriptions: descriptions}
	}
	texts := func(en, nl, de, fr string) map[string]string {
		return map[string]string{"en": en, "nl": nl, "de": de, "fr": fr}
	}
	return []TopicInput{
		topic("newsletter", "marketing", "consent", texts("Newsletter", "Nieuwsbrief", "Newsletter", "Lettre d’information"), texts(
			"News and background, about once a month.", "Nieuws en achtergronden, ongeveer eens per maand.", "Neuigkeiten und Hintergründe, etwa einmal im Monat.", "Des nouvelles et des articles de fond, environ une fois par mois.")),
		topic("offers", "marketing", "consent", texts("Offers", "Aanbiedingen", "Angebote", "Offres"), texts(
			"Promotions and discounts, when there are any.", "Acties en kortingen, als die er zijn.", "Aktionen und Rabatte, wenn es welche gibt.", "Des promotions et des remises, quand il y en a.")),
		topic("events", "marketing", "consent", texts("Event invitations", "Uitnodigingen voor evenementen", "Einladungen zu Veranstaltungen", "Invitations à des événements"), texts(
			"Invitations to webinars, seminars and fairs.", "Uitnodigingen voor webinars, seminars en beurzen.", "Einladungen zu Webinaren, Seminaren und Messen.", "Des invitations à des webinaires, séminaires et salons.")),
		topic("contests", "marketing", "consent", texts("Contests", "Prijsvragen", "Gewinnspiele", "Concours"), texts(
			"Contests that you can take part in.", "Prijsvragen waaraan u kunt meedoen.", "Gewinnspiele, an denen Sie teilnehmen können.", "Des concours auxquels vous pouvez participer.")),
		topic("related", "marketing", "soft_opt_in", texts("Related solutions", "Aanverwante oplossingen", "Verwandte Lösungen", "Solutions apparentées"), texts(
			"Solutions that are like what you have from us.", "Oplossingen die lijken op wat u van ons heeft.", "Lösungen, die dem ähneln, was Sie von uns haben.", "Des solutions semblables à celles que vous avez chez nous.")),
		topic("surveys", "research", "legitimate_interests", texts("Surveys", "Enquêtes", "Umfragen", "Enquêtes"), texts(
			"Questions about what could be better. Never advertising.", "Vragen over wat beter kan. Nooit reclame.", "Fragen dazu, was besser werden kann. Nie Werbung.", "Des questions sur ce qui pourrait être amélioré. Jamais de publicité.")),
	}
}

// CreateStartingTopics makes those of the [StartingTopics] that have these keys, and leaves alone what stands already. It
// returns how many were made.
func (s *Service) CreateStartingTopics(ctx context.Context, actor audit.Actor, keys []string) (made int, err error) {
	standing, err := s.Topics(ctx, s.DB)
	if err != nil {
		return 0, err
	}
	offered := StartingTopics()
	for _, key := range keys {
		if !slices.ContainsFunc(offered, func(t TopicInput) bool { return t.Key == key }) {
			return 0, problem.Invalid("topics", "has "+key+", which is not one of the usual topics")
		}
	}
	for _, t := range offered {
		if !slices.Contains(keys, t.Key) || slices.ContainsFunc(standing, func(s *Topic) bool { return s.Key == t.Key }) {
			continue
		}
		if _, err := s.CreateTopic(ctx, actor, t); err != nil {
			return made, err
		}
		made++
	}
	return made, nil
}

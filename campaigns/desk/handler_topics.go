package desk

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
)

func (d *Desk) registerTopics(e *echo.Echo) {
	r := d.at(e, site.NavTopics)
	r.get("", d.topics)
	r.getFor("/new", d.newTopic, access.Marketer, access.PrivacyOfficer)
	r.post("", d.addTopic, access.Marketer, access.PrivacyOfficer)
	r.getFor("/usual", d.usualTopics, access.Marketer, access.PrivacyOfficer)
	r.post("/usual", d.addUsualTopics, access.Marketer, access.PrivacyOfficer)
	r.get("/:key", d.topic)
	r.post("/:key", d.changeTopic, access.Marketer, access.PrivacyOfficer)
}

func (d *Desk) topics(c echo.Context) error {
	ctx := c.Request().Context()
	list, err := d.People.Topics(ctx, d.DB)
	if err != nil {
		return err
	}
	v := site.TopicsView{Page: d.page(c, site.NavTopics)}
	v.Pager.Locale, v.Write = v.Locale, may(c, access.Marketer, access.PrivacyOfficer)
	v.Usual = len(missing(list)) > 0
	var counts map[string]consenting
	if c.QueryParam("count") != "" {
		if counts, err = d.consenting(ctx); err != nil {
			return err
		}
	} else {
		v.CountURL = site.Path(site.NavTopics) + "?count=1"
	}
	languages := d.People.Site.Languages(ctx)
	for _, t := range list {
		n := counts[t.ID]
		v.Rows = append(v.Rows, site.TopicRow{Lacking: named(without(t.Names, languages)), Key: t.Key, URL: site.Path(site.NavTopics) + "/" + t.Key, Name: t.Name(v.Locale.Tag(), v.Locale.Language()), Class: t.Class, Basis: t.Basis, DoubleOptIn: t.DoubleOptIn, On: n.on, Pending: n.pending})
	}
	return staff.Render(c, http.StatusOK, site.Topics(v))
}

// consenting is how many people are on a topic, and how many have yet to confirm it.
type consenting struct{ on, pending int }

// consenting counts by topic. Of a million consents that takes a third of a second, so it comes after the page.
func (d *Desk) consenting(ctx context.Context) (map[string]consenting, error) {
	done, err := turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	counts := map[string]consenting{}
	for row := range sqldb.Rows(ctx, d.DB, consentingQuery) {
		var id string
		var n consenting
		if err := row.Scan(&id, &n.on, &n.pending); err != nil {
			return nil, err
		}
		counts[id] = n
	}
	return counts, nil
}

const consentingQuery = "SELECT topic_id, count(*) FILTER (WHERE state = 'given'), count(*) FILTER (WHERE state = 'pending') FROM consents WHERE state IN ('given', 'pending') GROUP BY topic_id"

// missing are the topics that installations usually start with and this one does not have.
func missing(list []*preferences.Topic) []preferences.TopicInput {
	return slices.DeleteFunc(preferences.StartingTopics(), func(in preferences.TopicInput) bool {
		return slices.ContainsFunc(list, func(t *preferences.Topic) bool { return t.Key == in.Key })
	})
}

func (d *Desk) usualTopics(c echo.Context) error {
	return d.usualForm(c, http.StatusOK, nil)
}

func (d *Desk) usualForm(c echo.Context, status int, wrong map[string]string) error {
	list, err := d.People.Topics(c.Request().Context(), d.DB)
	if err != nil {
		return err
	}
	v := site.UsualTopicsView{Page: d.page(c, site.NavTopics), Action: site.Path(site.NavTopics) + "/usual", Errors: wrong}
	for _, in := range missing(list) {
		t := preferences.Topic{Names: in.Names, Descriptions: in.Descriptions}
		v.Topics = append(v.Topics, site.UsualTopic{Key: in.Key, Basis: in.Basis, Name: t.Name(v.Locale.Language()), Description: t.Description(v.Locale.Language()), DoubleOptIn: *in.DoubleOptIn})
	}
	if len(v.Topics) == 0 {
		return c.Redirect(http.StatusSeeOther, site.Path(site.NavTopics))
	}
	return staff.Render(c, status, site.UsualTopics(v))
}

func (d *Desk) addUsualTopics(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	made, err := 0, error(problem.Invalid("topics", d.page(c, "").Locale.T("site.topics.usual_none")))
	if keys := form["topics"]; len(keys) > 0 {
		made, err = d.People.CreateStartingTopics(c.Request().Context(), actor(c), keys)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.usualForm(c, http.StatusUnprocessableEntity, wrong)
	}
	return d.did(c, err, site.Path(site.NavTopics), "site.topics.usual_made", "n", made)
}

// without are the languages in which there is no text.
func without(texts map[string]string, languages []string) (out []string) {
	for _, tag := range languages {
		if texts[tag] == "" {
			out = append(out, tag)
		}
	}
	return out
}

// named are languages by the names that they have for themselves.
func named(tags []string) (out []string) {
	for _, tag := range tags {
		out = append(out, locale.Name(tag))
	}
	return out
}

// lacking is what a topic does not say in every language, and what is said in its place.
func lacking(t *preferences.Topic, languages []string) (out []site.Lack) {
	if tags := without(t.Names, languages); len(tags) > 0 {
		out = append(out, site.Lack{What: "names", Languages: named(tags), Instead: t.Name(tags[0])})
	}
	if tags := without(t.Descriptions, languages); len(tags) > 0 {
		out = append(out, site.Lack{What: "descriptions", Languages: named(tags), Instead: t.Description(tags[0])})
	}
	return out
}

func (d *Desk) newTopic(c echo.Context) error {
	return d.topicForm(c, http.StatusOK, true, map[string]string{"double_opt_in": "1"}, nil)
}

func (d *Desk) topicForm(c echo.Context, status int, fresh bool, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.TopicFormView{Page: d.page(c, site.NavTopics), Record: site.Record{New: fresh, Errors: wrong, Locked: !may(c, access.Marketer, access.PrivacyOfficer)}, Action: site.Path(site.NavTopics), Values: val, Languages: d.People.Site.Languages(ctx)}
	if !fresh {
		v.Action += "/" + val["key"]
		if t, err := d.People.Topic(ctx, d.DB, val["key"]); err == nil {
			v.Lacking = lacking(t, v.Languages)
		}
	}
	var err error
	if v.Brands, err = d.brandOptions(ctx); err != nil {
		return err
	}
	if v.Partners, err = d.partnerOptions(ctx); err != nil {
		return err
	}
	return staff.Render(c, status, site.TopicForm(v))
}

func (d *Desk) topicInput(c echo.Context) (preferences.TopicInput, map[string]string, error) {
	val := values(c)
	languages := d.People.Site.Languages(c.Request().Context())
	double, similar, brand, partner := val["double_opt_in"] != "", val["similar_goods"] != "", val["brand"], val["partner"]
	in := preferences.TopicInput{Key: cmp.Or(val["key"], names.KeyOf(val["names."+languages[0]])), Class: val["class"], Basis: val["basis"], DoubleOptIn: &double, SimilarGoods: &similar, Brand: &brand, Partner: &partner,
		Names: texts(val, "names", languages), Descriptions: texts(val, "descriptions", languages)}
	days := 0
	if text := val["consent_lifetime_days"]; text != "" {
		var err error
		if days, err = strconv.Atoi(text); err != nil {
			return in, val, problem.Invalid("consent_lifetime_days", "must be a number of days")
		}
	}
	in.ConsentLifetimeDays = &days
	if in.Names[languages[0]] == "" {
		return in, val, problem.Invalid("names."+languages[0], "is required")
	}
	return in, val, nil
}

func (d *Desk) addTopic(c echo.Context) error {
	in, val, err := d.topicInput(c)
	if err == nil {
		_, err = d.People.CreateTopic(c.Request().Context(), actor(c), in)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.topicForm(c, http.StatusUnprocessableEntity, true, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavTopics), "site.desk.saved")
}

func (d *Desk) topic(c echo.Context) error {
	t, err := d.People.Topic(c.Request().Context(), d.DB, c.Param("key"))
	if err != nil {
		return err
	}
	return d.topicForm(c, http.StatusOK, false, topicValues(t), nil)
}

func topicValues(t *preferences.Topic) map[string]string {
	val := map[string]string{"key": t.Key, "class": t.Class, "basis": t.Basis, "brand": t.Brand, "partner": t.Partner}
	if t.DoubleOptIn {
		val["double_opt_in"] = "1"
	}
	if t.SimilarGoods {
		val["similar_goods"] = "1"
	}
	if t.ConsentLifetimeDays > 0 {
		val["consent_lifetime_days"] = strconv.Itoa(t.ConsentLifetimeDays)
	}
	for tag, text := range t.Names {
		val["names."+tag] = text
	}
	for tag, text := range t.Descriptions {
		val["descriptions."+tag] = text
	}
	return val
}

func (d *Desk) changeTopic(c echo.Context) error {
	ctx := c.Request().Context()
	t, err := d.People.Topic(ctx, d.DB, c.Param("key"))
	if err != nil {
		return err
	}
	in, val, err := d.topicInput(c)
	val["key"], val["class"], val["basis"] = t.Key, t.Class, t.Basis
	in.Key, in.Class, in.Basis = "", "", "" // consents were given for them
	if err == nil {
		_, err = d.People.UpdateTopic(ctx, actor(c), t.Key, in)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.topicForm(c, http.StatusUnprocessableEntity, false, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavTopics), "site.desk.saved")
}

package pages

import (
	"slices"
	"strings"
)

// zoneRegions are the zones offered on a page: one per place that keeps its own time, not all 600 names. A zone that
// a person already has is added to them.
var zoneRegions = []zoneRegion{
	{"Europe", []string{"Amsterdam", "Athens", "Belgrade", "Berlin", "Brussels", "Bucharest", "Budapest", "Copenhagen", "Dublin", "Helsinki", "Istanbul", "Kyiv", "Lisbon", "London", "Luxembourg", "Madrid", "Malta", "Moscow", "Oslo", "Paris", "Prague", "Riga", "Rome", "Sofia", "Stockholm", "Tallinn", "Vienna", "Vilnius", "Warsaw", "Zagreb", "Zurich"}},
	{"America", []string{"Anchorage", "Argentina/Buenos_Aires", "Bogota", "Caracas", "Chicago", "Denver", "Halifax", "Lima", "Los_Angeles", "Mexico_City", "New_York", "Panama", "Phoenix", "Santiago", "Sao_Paulo", "St_Johns", "Toronto", "Vancouver", "Winnipeg"}},
	{"Africa", []string{"Algiers", "Cairo", "Casablanca", "Johannesburg", "Lagos", "Nairobi", "Tunis"}},
	{"Asia", []string{"Bangkok", "Dhaka", "Dubai", "Ho_Chi_Minh", "Hong_Kong", "Jakarta", "Jerusalem", "Karachi", "Kathmandu", "Kolkata", "Kuala_Lumpur", "Manila", "Riyadh", "Seoul", "Shanghai", "Singapore", "Taipei", "Tashkent", "Tehran", "Tokyo"}},
	{"Australia", []string{"Adelaide", "Brisbane", "Darwin", "Perth", "Sydney"}},
	{"Atlantic", []string{"Azores", "Canary", "Reykjavik"}},
	{"Pacific", []string{"Auckland", "Fiji", "Honolulu"}},
}

type zoneRegion struct {
	Name   string
	Cities []string
}

// zoneOffered tells whether the zone is in the list.
func zoneOffered(zone string) bool {
	region, city, _ := strings.Cut(zone, "/")
	for _, r := range zoneRegions {
		if r.Name == region {
			return slices.Contains(r.Cities, city)
		}
	}
	return zone == "UTC"
}

func zoneLabel(city string) string {
	if i := strings.LastIndex(city, "/"); i >= 0 {
		city = city[i+1:]
	}
	return strings.ReplaceAll(city, "_", " ")
}

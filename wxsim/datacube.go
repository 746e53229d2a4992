package wxsim

import (
	"strings"
	"time"
)

// A span is the length that the dates of a statistic must have.
type span int

const (
	oneDay   span = iota // the same day twice
	oneWeek              // Monday to Sunday
	oneMonth             // first to last day
)

// dataEndpoints are the statistics of datacube. A sample's ref_date is the one that was asked for.
func dataEndpoints() []endpoint {
	const (
		retain = `{"ref_date":"DATE","visit_uv_new":[{"key":0,"value":5464}],` +
			`"visit_uv":[{"key":0,"value":55500}]}`
		summary = `{"list":[{"ref_date":"DATE","visit_total":391,"share_pv":572,"share_uv":383}]}`
		trend   = `{"list":[{"ref_date":"DATE","session_cnt":126513,"visit_pv":426113,` +
			`"visit_uv":48659,"visit_uv_new":6726,"stay_time_session":56.4112,` +
			`"visit_depth":2.0189}]}`
	)
	rows := []struct {
		name   string
		length span
		sample string
	}{
		{"getweanalysisappiddailyretaininfo", oneDay, retain},
		{"getweanalysisappidweeklyretaininfo", oneWeek, retain},
		{"getweanalysisappidmonthlyretaininfo", oneMonth, retain},
		{"getweanalysisappiddailysummarytrend", oneDay, summary},
		{"getweanalysisappiddailyvisittrend", oneDay, trend},
		{"getweanalysisappidweeklyvisittrend", oneWeek, trend},
		{"getweanalysisappidmonthlyvisittrend", oneMonth, trend},
	}
	endpoints := make([]endpoint, len(rows))
	for i, row := range rows {
		endpoints[i] = post("/datacube/"+row.name, body(statistic(row.length, row.sample))).
			from(MiniProgram).need("begin_date", aText, 61500).need("end_date", aText, 61500)
	}
	return endpoints
}

// statistic answers a sample for the dates asked, if they have the right length and are over.
func statistic(length span, sample string) func(*world, *request, dates) answer {
	return func(w *world, r *request, ask dates) answer {
		today := chinaTime(w.now)
		begin, badBegin := time.ParseInLocation("20060102", ask.Begin, today.Location())
		end, badEnd := time.ParseInLocation("20060102", ask.End, today.Location())
		if badBegin != nil || badEnd != nil {
			return r.refuse(61500)
		}
		over := end.AddDate(0, 0, 1).Before(today)
		var fits bool
		date := ask.Begin
		switch length {
		case oneDay:
			fits = begin.Equal(end)
		case oneWeek:
			fits = begin.Weekday() == time.Monday && end.Equal(begin.AddDate(0, 0, 6))
			date = ask.Begin + "-" + ask.End
		case oneMonth:
			fits = begin.Day() == 1 && end.Equal(begin.AddDate(0, 1, -1))
			date = begin.Format("200601")
		}
		if !fits || !over {
			return r.refuse(61501)
		}
		return r.ok(strings.ReplaceAll(sample, "DATE", date))
	}
}

// dates are those of a statistic, such as 20170313.
type dates struct {
	Begin string `json:"begin_date"`
	End   string `json:"end_date"`
}

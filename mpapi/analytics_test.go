package mpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpapi"
)

// statistic is a case of one range of dates.
func statistic[T any](
	name, path string, read func(mpapi.AnalyticsService, context.Context, mpapi.Range) (*T, error), dates mpapi.Range,
	body, answer string, want T,
) apiCase {
	return apiCase{
		name: name, op: "POST /datacube/getweanalysisappid" + path, body: body, answer: answer, want: &want,
		call: func(ctx context.Context, c *mpapi.Client) (any, error) { return read(c.Analytics, ctx, dates) },
	}
}

func analyticsCases() []apiCase {
	day := mpapi.Range{Begin: mpapi.Day(2017, time.March, 13)}
	week := mpapi.Range{Begin: mpapi.Day(2017, time.March, 6)}
	month := mpapi.Range{Begin: mpapi.Day(2017, time.March, 1)}
	february := mpapi.Range{Begin: mpapi.Day(2017, time.February, 1)}
	return []apiCase{
		statistic("retention of a day", "dailyretaininfo", mpapi.AnalyticsService.DailyRetain, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"ref_date":"20170313","visit_uv_new":[{"key":0,"value":5464},{"key":1,"value":55},{"key":30,"value":3}],
				"visit_uv":[{"key":0,"value":55500}]}`,
			mpapi.Retain{
				RefDate:    "20170313",
				VisitUVNew: []mpapi.RetainCount{{Key: 0, Value: 5464}, {Key: 1, Value: 55}, {Key: 30, Value: 3}},
				VisitUV:    []mpapi.RetainCount{{Key: 0, Value: 55500}},
			}),
		statistic("retention of a week", "weeklyretaininfo", mpapi.AnalyticsService.WeeklyRetain, week,
			`{"begin_date":"20170306","end_date":"20170312"}`,
			`{"ref_date":"20170306-20170312","visit_uv_new":[{"key":0,"value":0},{"key":1,"value":16853}],
				"visit_uv":[{"key":0,"value":0},{"key":1,"value":99310}]}`,
			mpapi.Retain{
				RefDate:    "20170306-20170312",
				VisitUVNew: []mpapi.RetainCount{{Key: 0, Value: 0}, {Key: 1, Value: 16853}},
				VisitUV:    []mpapi.RetainCount{{Key: 0, Value: 0}, {Key: 1, Value: 99310}},
			}),
		statistic("retention of a month", "monthlyretaininfo", mpapi.AnalyticsService.MonthlyRetain, february,
			`{"begin_date":"20170201","end_date":"20170228"}`,
			`{"ref_date":"201702","visit_uv_new":[{"key":0,"value":346249}],"visit_uv":[{"key":0,"value":346249}]}`,
			mpapi.Retain{
				RefDate:    "201702",
				VisitUVNew: []mpapi.RetainCount{{Key: 0, Value: 346249}},
				VisitUV:    []mpapi.RetainCount{{Key: 0, Value: 346249}},
			}),
		statistic("retention of a day without data", "dailyretaininfo", mpapi.AnalyticsService.DailyRetain, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"ref_date":"20170313","visit_uv_new":[],"visit_uv":[]}`,
			mpapi.Retain{RefDate: "20170313", VisitUVNew: []mpapi.RetainCount{}, VisitUV: []mpapi.RetainCount{}}),
		statistic("summary of a day", "dailysummarytrend", mpapi.AnalyticsService.DailySummary, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"list":[{"ref_date":"20170313","visit_total":391,"share_pv":572,"share_uv":383}]}`,
			mpapi.Summary{List: []mpapi.DaySummary{{RefDate: "20170313", VisitTotal: 391, SharePV: 572, ShareUV: 383}}}),
		statistic("summary without data", "dailysummarytrend", mpapi.AnalyticsService.DailySummary, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"list":[]}`,
			mpapi.Summary{List: []mpapi.DaySummary{}}),
		statistic("visits of a day, with a whole number for a mean", "dailyvisittrend",
			mpapi.AnalyticsService.DailyVisitTrend, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"list":[{"ref_date":"20170313","session_cnt":142549,"visit_pv":472351,"visit_uv":55500,"visit_uv_new":5464,
				"stay_time_session":0,"visit_depth":1.9838}]}`,
			mpapi.VisitTrend{List: []mpapi.Visits{{
				RefDate: "20170313", SessionCnt: 142549, VisitPV: 472351, VisitUV: 55500, VisitUVNew: 5464, VisitDepth: 1.9838,
			}}}),
		statistic("visits of a week, with the stay per user", "weeklyvisittrend",
			mpapi.AnalyticsService.WeeklyVisitTrend, week,
			`{"begin_date":"20170306","end_date":"20170312"}`,
			`{"list":[{"ref_date":"20170306-20170312","session_cnt":986780,"visit_pv":3251840,"visit_uv":189405,"visit_uv_new":45592,
				"stay_time_uv":117.5,"stay_time_session":54.5346,"visit_depth":1.9735}]}`,
			mpapi.VisitTrend{List: []mpapi.Visits{{
				RefDate: "20170306-20170312", SessionCnt: 986780, VisitPV: 3251840, VisitUV: 189405, VisitUVNew: 45592,
				StayTimeUV: 117.5, StayTimeSession: 54.5346, VisitDepth: 1.9735,
			}}}),
		statistic("visits of a month", "monthlyvisittrend", mpapi.AnalyticsService.MonthlyVisitTrend, month,
			`{"begin_date":"20170301","end_date":"20170331"}`,
			`{"list":[{"ref_date":"201703","session_cnt":126513,"visit_pv":426113,"visit_uv":48659,"visit_uv_new":6726,
				"stay_time_session":56.4112,"visit_depth":2.0189}]}`,
			mpapi.VisitTrend{List: []mpapi.Visits{{
				RefDate: "201703", SessionCnt: 126513, VisitPV: 426113, VisitUV: 48659, VisitUVNew: 6726,
				StayTimeSession: 56.4112, VisitDepth: 2.0189,
			}}}),
		statistic("retention of a week, with an errcode", "weeklyretaininfo", mpapi.AnalyticsService.WeeklyRetain, week,
			`{"begin_date":"20170306","end_date":"20170312"}`,
			`{"errcode":0,"errmsg":"ok","ref_date":"20170306-20170312","visit_uv_new":[{"key":0,"value":1},{"key":4,"value":0}]}`,
			mpapi.Retain{
				RefDate: "20170306-20170312", VisitUVNew: []mpapi.RetainCount{{Key: 0, Value: 1}, {Key: 4, Value: 0}},
			}),
		statistic("retention of a month, and of the next", "monthlyretaininfo",
			mpapi.AnalyticsService.MonthlyRetain, month,
			`{"begin_date":"20170301","end_date":"20170331"}`,
			`{"ref_date":"201703","visit_uv_new":[{"key":0,"value":9},{"key":1,"value":4}],"visit_uv":[{"key":0,"value":12},{"key":1,"value":5}]}`,
			mpapi.Retain{
				RefDate:    "201703",
				VisitUVNew: []mpapi.RetainCount{{Key: 0, Value: 9}, {Key: 1, Value: 4}},
				VisitUV:    []mpapi.RetainCount{{Key: 0, Value: 12}, {Key: 1, Value: 5}},
			}),
		statistic("visits of a day, all means whole", "dailyvisittrend", mpapi.AnalyticsService.DailyVisitTrend, day,
			`{"begin_date":"20170313","end_date":"20170313"}`,
			`{"list":[{"ref_date":"20170313","session_cnt":1,"visit_pv":2,"visit_uv":1,"visit_uv_new":1,"stay_time_uv":30,"stay_time_session":30,"visit_depth":2}]}`,
			mpapi.VisitTrend{List: []mpapi.Visits{{
				RefDate: "20170313", SessionCnt: 1, VisitPV: 2, VisitUV: 1, VisitUVNew: 1, StayTimeUV: 30, StayTimeSession: 30, VisitDepth: 2,
			}}}),
		statistic("visits of a week without data", "weeklyvisittrend", mpapi.AnalyticsService.WeeklyVisitTrend, week,
			`{"begin_date":"20170306","end_date":"20170312"}`,
			`{"list":[]}`,
			mpapi.VisitTrend{List: []mpapi.Visits{}}),
		statistic("visits of a month, and a field that is new", "monthlyvisittrend",
			mpapi.AnalyticsService.MonthlyVisitTrend, month,
			`{"begin_date":"20170301","end_date":"20170331"}`,
			`{"list":[{"ref_date":"201703","visit_uv":3,"from_the_future":{"a":[1]}}],"more":1}`,
			mpapi.VisitTrend{List: []mpapi.Visits{{RefDate: "201703", VisitUV: 3}}}),
	}
}

func TestAnalytics(t *testing.T) { run(t, analyticsCases()) }

func TestRange(t *testing.T) {
	type call = func(mpapi.AnalyticsService, context.Context, mpapi.Range) error
	calls := map[string]call{
		"day": func(s mpapi.AnalyticsService, ctx context.Context, r mpapi.Range) error {
			_, err := s.DailySummary(ctx, r)
			return err
		},
		"week": func(s mpapi.AnalyticsService, ctx context.Context, r mpapi.Range) error {
			_, err := s.WeeklyRetain(ctx, r)
			return err
		},
		"month": func(s mpapi.AnalyticsService, ctx context.Context, r mpapi.Range) error {
			_, err := s.MonthlyVisitTrend(ctx, r)
			return err
		},
	}
	day := mpapi.Day
	newYork, tokyo := time.FixedZone("EST", -5*60*60), time.FixedZone("JST", 9*60*60)
	for _, tt := range []struct {
		name, period string
		r            mpapi.Range
		want, err    string // want is the body sent
	}{
		{"no date", "day", mpapi.Range{}, "", "begin_date is missing"},
		{"an end without a begin", "week", mpapi.Range{End: day(1999, 12, 19)}, "", "begin_date is missing"},
		{"one day", "day", mpapi.Range{Begin: day(1999, 12, 31), End: day(1999, 12, 31)}, `{"begin_date":"19991231","end_date":"19991231"}`, ""},
		{"two days", "day", mpapi.Range{Begin: day(1999, 12, 30), End: day(1999, 12, 31)}, "", "end_date must be 19991230 or left out"},
		{"an end before the begin", "day", mpapi.Range{Begin: day(1999, 12, 30), End: day(1999, 12, 29)}, "", "end_date must be 19991230 or left out"},
		{"today", "day", mpapi.Range{Begin: day(2000, 1, 1)}, "", "begin_date must be yesterday or earlier: today is not counted yet"},
		{"tomorrow", "day", mpapi.Range{Begin: day(2000, 1, 2)}, "", "begin_date lies in the future"},
		{"late in the day elsewhere", "day", mpapi.Range{Begin: time.Date(1999, 12, 30, 11, 0, 0, 0, newYork)}, `{"begin_date":"19991231","end_date":"19991231"}`, ""},
		{"early in the day elsewhere", "day", mpapi.Range{Begin: time.Date(1999, 12, 31, 0, 30, 0, 0, tokyo)}, `{"begin_date":"19991230","end_date":"19991230"}`, ""},
		{"the end's time of day does not matter", "day", mpapi.Range{Begin: day(1999, 12, 31), End: day(1999, 12, 31).Add(24*time.Hour - 1)}, `{"begin_date":"19991231","end_date":"19991231"}`, ""},
		{"a week", "week", mpapi.Range{Begin: day(1999, 12, 20)}, `{"begin_date":"19991220","end_date":"19991226"}`, ""},
		{"a week with its Sunday", "week", mpapi.Range{Begin: day(1999, 12, 20), End: day(1999, 12, 26)}, `{"begin_date":"19991220","end_date":"19991226"}`, ""},
		{"a week over the year's end", "week", mpapi.Range{Begin: day(1998, 12, 28)}, `{"begin_date":"19981228","end_date":"19990103"}`, ""},
		{"a week that begins on a Tuesday", "week", mpapi.Range{Begin: day(1999, 12, 21)}, "", "begin_date must be a Monday"},
		{"a week that ends on a Monday", "week", mpapi.Range{Begin: day(1999, 12, 20), End: day(1999, 12, 27)}, "", "end_date must be 19991226 or left out"},
		{"two weeks", "week", mpapi.Range{Begin: day(1999, 12, 13), End: day(1999, 12, 26)}, "", "end_date must be 19991219 or left out"},
		{"next week", "week", mpapi.Range{Begin: day(2000, 1, 3)}, "", "begin_date lies in the future"},
		{"a leap month", "month", mpapi.Range{Begin: day(1996, 2, 1), End: day(1996, 2, 29)}, `{"begin_date":"19960201","end_date":"19960229"}`, ""},
		{"a month of 28 days", "month", mpapi.Range{Begin: day(1999, 2, 1)}, `{"begin_date":"19990201","end_date":"19990228"}`, ""},
		{"December", "month", mpapi.Range{Begin: day(1999, 12, 1)}, `{"begin_date":"19991201","end_date":"19991231"}`, ""},
		{"a month that begins on its second", "month", mpapi.Range{Begin: day(1999, 12, 2)}, "", "begin_date must be the first day of a month"},
		{"a month a day short", "month", mpapi.Range{Begin: day(1999, 12, 1), End: day(1999, 12, 30)}, "", "end_date must be 19991231 or left out"},
		{"two months", "month", mpapi.Range{Begin: day(1999, 11, 1), End: day(1999, 12, 31)}, "", "end_date must be 19991130 or left out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // there it is 8 o'clock of 1 January 2000 in China
				w := &wechat{answer: `{"list":[]}`}
				err := calls[tt.period](w.api(t).Analytics, t.Context(), tt.r)
				if tt.err != "" {
					wantInputError(t, w, err, tt.err)
					return
				}
				if err != nil || len(w.seen) != 1 || w.seen[0].body != tt.want {
					t.Errorf("%v; sent %+v, want %s", err, w.seen, tt.want)
				}
			})
		})
	}
}

func TestADayIsOverAtMidnightInChina(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wechat{answer: `{"list":[]}`}
		api, newYear := w.api(t), mpapi.Range{Begin: mpapi.Day(2000, time.January, 1)}
		time.Sleep(16*time.Hour - time.Second) // one second before midnight there
		if _, err := api.Analytics.DailyVisitTrend(t.Context(), newYear); err == nil {
			t.Error("the day was reported before its end")
		}
		time.Sleep(time.Second)
		if _, err := api.Analytics.DailyVisitTrend(t.Context(), newYear); err != nil {
			t.Error(err)
		}
	})
}

// FuzzRange checks by another calculation that whatever is sent is a range that WeChat accepts.
func FuzzRange(f *testing.F) {
	f.Add(int64(1489334400), int64(0), uint8(0))
	f.Add(int64(1488729600), int64(1489248000), uint8(1))
	f.Add(int64(1488297600), int64(1490889600), uint8(2))
	f.Add(int64(-62135596800), int64(1<<62), uint8(2))
	china := time.FixedZone("China", 8*60*60)
	f.Fuzz(func(t *testing.T, begin, end int64, period uint8) {
		r := mpapi.Range{Begin: time.Unix(begin, 0)}
		if end != 0 {
			r.End = time.Unix(end, 0)
		}
		w := &wechat{answer: `{"list":[]}`}
		a := w.api(t).Analytics
		var err error
		switch period % 3 {
		case 0:
			_, err = a.DailyRetain(t.Context(), r)
		case 1:
			_, err = a.WeeklyRetain(t.Context(), r)
		case 2:
			_, err = a.MonthlyRetain(t.Context(), r)
		}
		if err != nil {
			if _, ok := errors.AsType[*mpapi.InputError](err); !ok || len(w.seen) != 0 {
				t.Errorf("%v after %d calls", err, len(w.seen))
			}
			return
		}
		var sent struct {
			Begin string `json:"begin_date"`
			End   string `json:"end_date"`
		}
		require.NoError(t, json.Unmarshal([]byte(w.seen[0].body), &sent))
		from, to := r.Begin.In(china), r.Begin.In(china)
		ok := true
		switch period % 3 {
		case 1:
			to = from.AddDate(0, 0, 6)
			ok = from.Weekday() == time.Monday && to.Weekday() == time.Sunday
		case 2:
			to = time.Date(from.Year(), from.Month()+1, 0, 0, 0, 0, 0, china)
			ok = from.Day() == 1 && to.AddDate(0, 0, 1).Day() == 1
		}
		if !ok || from.After(time.Now()) || sent.Begin != from.Format("20060102") || sent.End != to.Format("20060102") {
			t.Errorf("%v in period %d sent %+v", r, period%3, sent)
		}
		if !r.End.IsZero() && r.End.In(china).Format("20060102") != sent.End {
			t.Errorf("end %v became %s", r.End, sent.End)
		}
	})
}

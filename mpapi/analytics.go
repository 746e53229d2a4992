package mpapi

import (
	"context"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// AnalyticsService reads the statistics of a mini program.
type AnalyticsService struct{ core *core.Client }

// A Range is the days that a report covers, both included. A time means the day that it falls on
// in China; [Day] makes one. If End is zero, it is the only one that WeChat accepts: the day of
// Begin, the Sunday of its week, or the last day of its month.
type Range struct{ Begin, End time.Time }

// Day returns the beginning of a day in China.
func Day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0,
		time.FixedZone("UTC+8", int(chinaOffset/time.Second)))
}

// chinaOffset is China's one time zone. It has no summer time, so no time zone database is needed.
const chinaOffset = 8 * time.Hour

// A period is how much one report covers.
type period int

const (
	oneDay period = iota
	week          // Monday to Sunday
	month         // first to last day
)

type dates struct {
	Begin string `json:"begin_date"` // yyyymmdd
	End   string `json:"end_date"`
}

// dates returns r as WeChat wants it. Its error is an [InputError] if r is not exactly one period.
func (r Range) dates(p period) (*dates, error) {
	if r.Begin.IsZero() {
		return nil, &InputError{"begin_date", "is missing"}
	}
	begin, today := chinaDay(r.Begin), chinaDay(time.Now())
	if begin.After(today) {
		return nil, &InputError{"begin_date", "lies in the future"}
	}
	end := begin
	switch p {
	case oneDay:
		if begin.Equal(today) {
			return nil, &InputError{
				"begin_date", "must be yesterday or earlier: today is not counted yet",
			}
		}
	case week:
		if begin.Weekday() != time.Monday {
			return nil, &InputError{"begin_date", "must be a Monday"}
		}
		end = begin.AddDate(0, 0, 6)
	case month:
		if begin.Day() != 1 {
			return nil, &InputError{"begin_date", "must be the first day of a month"}
		}
		end = begin.AddDate(0, 1, -1)
	}
	d := &dates{begin.Format("20060102"), end.Format("20060102")}
	if !r.End.IsZero() && !chinaDay(r.End).Equal(end) {
		return nil, &InputError{"end_date", "must be " + d.End + " or left out"}
	}
	return d, nil
}

// chinaDay returns the day that t falls on in China, as midnight in UTC, so that days can be
// compared and counted.
func chinaDay(t time.Time) time.Time {
	return t.UTC().Add(chinaOffset).Truncate(24 * time.Hour)
}

func report[T any](
	ctx context.Context, c *core.Client, name string, r Range, p period,
) (*T, error) {
	d, err := r.dates(p)
	if err != nil {
		return nil, err
	}
	return core.Call[T](ctx, c, core.Post("/datacube/"+name, d))
}

// A Retain is how many users came back.
type Retain struct {
	RefDate    string        `json:"ref_date"`     // 20170313, 20170306-20170312 or 201702
	VisitUVNew []RetainCount `json:"visit_uv_new"` // of those who were new
	VisitUV    []RetainCount `json:"visit_uv"`     // of those who were active
}

// A RetainCount is the number of users who came back after a time.
type RetainCount struct {
	// How many days, weeks or months later; 0 counts all users at the beginning.
	Key   int `json:"key"`
	Value int `json:"value"` // users
}

// DailyRetain returns how many of one day's users came back 1 to 7, 14 and 30 days later. The day
// must be yesterday or earlier. Errors: code 61500 or 61501 for dates that WeChat does not accept.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-retain/getDailyRetain.html
func (s AnalyticsService) DailyRetain(ctx context.Context, r Range) (*Retain, error) {
	return report[Retain](ctx, s.core, "getweanalysisappiddailyretaininfo", r, oneDay)
}

// WeeklyRetain returns how many of one week's users came back 1 to 4 weeks later. The week begins
// on a Monday. Errors are those of [AnalyticsService.DailyRetain].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-retain/getWeeklyRetain.html
func (s AnalyticsService) WeeklyRetain(ctx context.Context, r Range) (*Retain, error) {
	return report[Retain](ctx, s.core, "getweanalysisappidweeklyretaininfo", r, week)
}

// MonthlyRetain returns how many of one month's users came back a month later. Errors are those of
// [AnalyticsService.DailyRetain].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-retain/getMonthlyRetain.html
func (s AnalyticsService) MonthlyRetain(ctx context.Context, r Range) (*Retain, error) {
	return report[Retain](ctx, s.core, "getweanalysisappidmonthlyretaininfo", r, month)
}

// A Summary has the totals of a mini program. List has one entry, or none if there is no data.
type Summary struct {
	List []DaySummary `json:"list"`
}

// A DaySummary has the totals at the end of one day.
type DaySummary struct {
	RefDate    string `json:"ref_date"`    // 20170313
	VisitTotal int    `json:"visit_total"` // users so far
	SharePV    int    `json:"share_pv"`    // times it was shared
	ShareUV    int    `json:"share_uv"`    // users who shared it
}

// DailySummary returns the totals of one day, yesterday or earlier. Errors are those of
// [AnalyticsService.DailyRetain].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/others/getDailySummary.html
func (s AnalyticsService) DailySummary(ctx context.Context, r Range) (*Summary, error) {
	return report[Summary](ctx, s.core, "getweanalysisappiddailysummarytrend", r, oneDay)
}

// A VisitTrend is how a mini program was used. List has one entry, or none if there is no data.
type VisitTrend struct {
	List []Visits `json:"list"`
}

// Visits is the use of a mini program in one day, week or month.
type Visits struct {
	RefDate    string `json:"ref_date"`     // 20170313, 20170306-20170312 or 201703
	SessionCnt int    `json:"session_cnt"`  // times it was opened
	VisitPV    int    `json:"visit_pv"`     // pages visited
	VisitUV    int    `json:"visit_uv"`     // users
	VisitUVNew int    `json:"visit_uv_new"` // new users
	// Mean stay per user, in seconds; 0 if WeChat leaves it out.
	StayTimeUV      float64 `json:"stay_time_uv"`
	StayTimeSession float64 `json:"stay_time_session"` // mean stay per opening, in seconds
	VisitDepth      float64 `json:"visit_depth"`       // mean number of pages per opening
}

// DailyVisitTrend returns the visits of one day, yesterday or earlier. Errors are those of
// [AnalyticsService.DailyRetain], and code 61504: busy, try again.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-trend/getDailyVisitTrend.html
func (s AnalyticsService) DailyVisitTrend(ctx context.Context, r Range) (*VisitTrend, error) {
	return report[VisitTrend](ctx, s.core, "getweanalysisappiddailyvisittrend", r, oneDay)
}

// WeeklyVisitTrend returns the visits of one week, which begins on a Monday. Errors are those of
// [AnalyticsService.DailyRetain].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-trend/getWeeklyVisitTrend.html
func (s AnalyticsService) WeeklyVisitTrend(ctx context.Context, r Range) (*VisitTrend, error) {
	return report[VisitTrend](ctx, s.core, "getweanalysisappidweeklyvisittrend", r, week)
}

// MonthlyVisitTrend returns the visits of one month, last month or earlier. Errors are those of
// [AnalyticsService.DailyRetain].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/data-analysis/visit-trend/getMonthlyVisitTrend.html
func (s AnalyticsService) MonthlyVisitTrend(ctx context.Context, r Range) (*VisitTrend, error) {
	return report[VisitTrend](ctx, s.core, "getweanalysisappidmonthlyvisittrend", r, month)
}

package mpapi_test

import (
	"context"
	"fmt"
	"time"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleAnalyticsService_DailyRetain() {
	api, _ := simulate()
	retain, err := api.Analytics.DailyRetain(context.Background(), mpapi.Range{Begin: mpapi.Day(2017, time.March, 13)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, count := range retain.VisitUV {
		fmt.Printf("%s: after %d days %d users\n", retain.RefDate, count.Key, count.Value)
	}
	// Output: 20170313: after 0 days 55500 users
}

func ExampleAnalyticsService_WeeklyRetain() {
	api, _ := simulate()
	week := mpapi.Range{Begin: mpapi.Day(2017, time.March, 6), End: mpapi.Day(2017, time.March, 12)}
	retain, err := api.Analytics.WeeklyRetain(context.Background(), week)
	fmt.Println(retain.RefDate, retain.VisitUVNew, err)
	// Output: 20170306-20170312 [{0 5464}] <nil>
}

func ExampleAnalyticsService_MonthlyRetain() {
	api, _ := simulate()
	retain, err := api.Analytics.MonthlyRetain(context.Background(), mpapi.Range{Begin: mpapi.Day(2017, time.February, 1)})
	fmt.Println(retain.RefDate, retain.VisitUVNew, err)
	// Output: 201702 [{0 5464}] <nil>
}

func ExampleAnalyticsService_DailySummary() {
	api, _ := simulate()
	summary, err := api.Analytics.DailySummary(context.Background(), mpapi.Range{Begin: mpapi.Day(2017, time.March, 13)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range summary.List {
		fmt.Printf("%s: %d users, shared %d times by %d\n", day.RefDate, day.VisitTotal, day.SharePV, day.ShareUV)
	}
	// Output: 20170313: 391 users, shared 572 times by 383
}

func ExampleAnalyticsService_DailyVisitTrend() {
	api, _ := simulate()
	yesterday := time.Now().Add(-24 * time.Hour)
	trend, err := api.Analytics.DailyVisitTrend(context.Background(), mpapi.Range{Begin: yesterday})
	fmt.Println(len(trend.List), "day,", trend.List[0].VisitUV, "users", err)
	// Output: 1 day, 48659 users <nil>
}

func ExampleAnalyticsService_WeeklyVisitTrend() {
	api, _ := simulate()
	trend, err := api.Analytics.WeeklyVisitTrend(context.Background(), mpapi.Range{Begin: mpapi.Day(2017, time.March, 6)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, week := range trend.List {
		fmt.Printf("%s: %.1f s and %.1f pages per visit\n", week.RefDate, week.StayTimeSession, week.VisitDepth)
	}
	// Output: 20170306-20170312: 56.4 s and 2.0 pages per visit
}

func ExampleAnalyticsService_MonthlyVisitTrend() {
	api, _ := simulate()
	trend, err := api.Analytics.MonthlyVisitTrend(context.Background(), mpapi.Range{Begin: mpapi.Day(2017, time.March, 1)})
	fmt.Println(trend.List[0].RefDate, trend.List[0].SessionCnt, err)
	// Output: 201703 126513 <nil>
}

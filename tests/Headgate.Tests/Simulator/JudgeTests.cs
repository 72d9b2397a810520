using Headgate.App.Simulator;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Tests.Simulator;

public sealed class JudgeTests
{
    private readonly VirtualTime _time = new(new DateTimeOffset(2026, 3, 27, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_one_limit_refuses_no_limit_counts()
    {
        var judge = JudgeOf("1/s", "3/h");
        Assert.True(Arrive(judge).IsAccepted);
        for (var i = 0; i < 5; i++)
            Assert.False(Arrive(judge).IsAccepted);
        Pass(1000);
        Assert.True(Arrive(judge).IsAccepted);
        Pass(1000);
        Assert.True(Arrive(judge).IsAccepted);
        Pass(1000);
        Assert.Equal("3/h", Arrive(judge).RefusedBy?.ToString());
        var limits = judge.Report().Limits;
        Assert.Equal([5, 1], limits.Select(limit => limit.Refused));
        Assert.Equal([1.0, 3.0], limits.Select(limit => limit.WorstWindow));
        Assert.Equal([6.0, 9.0], limits.Select(limit => limit.OfferedWorstWindow));
        Assert.Equal([600.0, 300.0], limits.Select(limit => limit.OfferedWorstPercent));
    }

    [Fact]
    public void A_refusal_tells_the_longest_wait_of_all_limits()
    {
        var judge = JudgeOf("1/s", "1/min");
        Arrive(judge);
        Pass(400);
        var refused = Arrive(judge);
        Assert.Equal(TimeSpan.FromMilliseconds(59_600), TimeSpan.FromTicks(refused.Wait));
        Assert.Equal("1/min", refused.RefusedBy?.ToString());
    }

    [Fact]
    public void Each_key_has_limits_of_its_own_and_requests_without_one_share_theirs()
    {
        var judge = JudgeOf("1/s");
        Assert.True(Arrive(judge, "alpha").IsAccepted);
        Assert.True(Arrive(judge, "beta").IsAccepted);
        Assert.True(Arrive(judge).IsAccepted);
        Assert.False(Arrive(judge, "alpha").IsAccepted);
        Assert.False(Arrive(judge).IsAccepted);
        Assert.Equal(
            [new("key-1", ScopeTable.Fingerprint("alpha"), 2, 1), new("key-2", ScopeTable.Fingerprint("beta"), 1, 0), new("(no key)", null, 2, 1)],
            judge.Report().Keys);
    }

    [Fact]
    public void A_report_never_shows_the_value_of_a_key()
    {
        var judge = JudgeOf("1/s");
        Arrive(judge, "sk-very-secret");
        var report = System.Text.Json.JsonSerializer.Serialize(judge.Report(), ReportJson.Default.SimulatorReport);
        Assert.DoesNotContain("secret", report, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", judge.ArrivalsSince(0, 10)[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Places_are_taken_until_the_end_and_refused_requests_take_none()
    {
        var judge = JudgeOf("2 concurrent");
        var first = Arrive(judge);
        var second = Arrive(judge);
        var third = Arrive(judge);
        Assert.False(third.IsAccepted);
        judge.End(third);
        Assert.False(Arrive(judge).IsAccepted);
        judge.End(first);
        Assert.True(Arrive(judge).IsAccepted);
        judge.End(second);
        var report = judge.Report();
        Assert.Equal((1, 2), (report.InFlight, report.MaxInFlight));
        Assert.Equal((2, 3), (report.Limits[0].WorstWindow, report.Limits[0].OfferedWorstWindow));
    }

    [Fact]
    public void Declared_costs_count_in_their_unit()
    {
        var judge = JudgeOf("3/s", "100 tokens/s");
        var costs = new CostTable([Limit.Parse("3/s"), Limit.Parse("100 tokens/s")]);
        Assert.True(costs.TryRead("tokens=60, points=5", out var sixty));
        Assert.True(Arrive(judge, cost: sixty).IsAccepted);
        Assert.False(Arrive(judge, cost: sixty).IsAccepted);
        Assert.True(Arrive(judge).IsAccepted);
        Assert.True(costs.TryRead("tokens=101", out var tooMuch));
        Pass(5000);
        Assert.Equal(App.Simulator.Models.ServerModel.Never, Arrive(judge, cost: tooMuch).Wait);
        Assert.Equal([2.0, 60.0], judge.Report().Limits.Select(limit => limit.WorstWindow));
    }

    [Theory]
    [InlineData("tokens")]
    [InlineData("tokens=")]
    [InlineData("tokens=-1")]
    [InlineData("=5")]
    [InlineData("tokens=1.5")]
    [InlineData("tokens=1,,points=2")]
    public void A_cost_that_cannot_be_read_is_said_so(string header) => Assert.False(new CostTable([]).TryRead(header, out _));

    [Fact]
    public void A_limit_with_hours_neither_refuses_nor_counts_outside_them()
    {
        // Friday noon in UTC.
        var judge = JudgeOf("1/h when=Fri 09:00-12:30");
        Pass(29 * 60_000);
        Assert.True(Arrive(judge).IsAccepted);
        Assert.False(Arrive(judge).IsAccepted);
        Pass(60_000);
        Assert.True(Arrive(judge).IsAccepted);
        Assert.True(Arrive(judge).IsAccepted);
        Assert.Equal(1, judge.Report().Limits[0].WorstWindow);
    }

    [Fact]
    public void Items_answered_twice_are_doubled_and_items_never_answered_are_lost()
    {
        var judge = JudgeOf("3/s");
        foreach (var item in (string[])["a", "b", "a", "c"])
            Arrive(judge, item: item);
        Pass(1000);
        Arrive(judge, item: "a");
        Arrive(judge, item: "d", route: Route.Of("/status/500"));
        var items = judge.Report().Items;
        Assert.Equal((4, 2, 2, 1), (items.Distinct, items.Succeeded, items.Lost, items.Doubled));
        Assert.Equal(["a"], items.DoubledItems);
        Assert.Equal(["c", "d"], items.LostItems);
    }

    [Fact]
    public void Arrivals_are_listed_with_time_key_item_and_fate()
    {
        var judge = JudgeOf("1/s");
        Arrive(judge, "alpha", item: "i1");
        Pass(250);
        Arrive(judge, "alpha");
        Arrive(judge, "beta", route: Route.Of("/fin"));
        Assert.Equal(
            [new(1, 0, "key-1", "/x", "i1", 200, true), new(2, 250_000, "key-1", "/x", null, 429, false), new(3, 250_000, "key-2", "/x", null, 0, true)],
            judge.ArrivalsSince(0, 10));
        Assert.Equal([3L], judge.ArrivalsSince(2, 10).Select(arrival => arrival.N));
        Assert.Empty(judge.ArrivalsSince(3, 10));
        Assert.Empty(judge.ArrivalsSince(99, 10));
    }

    [Fact]
    public void The_report_tells_span_rate_statuses_and_methods()
    {
        var judge = JudgeOf("100/s");
        for (var i = 0; i < 11; i++)
        {
            Arrive(judge);
            Pass(100);
        }
        var report = judge.Report();
        Assert.Equal((11, 1.0, 10.0), (report.Arrivals, report.SpanSeconds, report.Rate));
        Assert.Equal(11, report.Statuses["200"]);
        Assert.Equal(11, report.Methods["GET"]);
        Assert.Equal(DateTimeOffset.Parse("2026-03-27T12:00:01Z", null), report.LastArrival);
    }

    [Fact]
    public void The_same_seed_deals_the_same_fate()
    {
        Assert.True(FaultShares.TryParse("500=10%,reset=5%,hang=5%,fin=5%", out var errors, out _));
        var options = new SimulatorOptions { Errors = errors, Latency = LatencyShape.TryParse("lognormal:50ms,1")!, Seed = 7 };
        var runs = Enumerable.Range(0, 2).Select(_ => new Judge(options, new SimulatorClock(_time))).Select(judge => Enumerable.Range(0, 1000).Select(_ => Arrive(judge)).Select(v => (v.Fault, v.Latency)).ToArray()).ToArray();
        Assert.Equal(runs[0], runs[1]);
        Assert.InRange(runs[0].Count(fate => fate.Fault.Kind != FaultKind.None), 200, 300);
        Assert.InRange(runs[0].Count(fate => fate.Latency < TimeSpan.FromMilliseconds(50)), 450, 550);
        var other = new Judge(options with { Seed = 8 }, new SimulatorClock(_time));
        Assert.NotEqual(runs[0], Enumerable.Range(0, 1000).Select(_ => Arrive(other)).Select(v => (v.Fault, v.Latency)).ToArray());
    }

    [Fact]
    public void A_reset_forgets_windows_counts_and_what_is_in_flight()
    {
        var judge = JudgeOf("1/h", "1 concurrent");
        var before = Arrive(judge);
        judge.Reset();
        Assert.Equal(0, judge.Report().Arrivals);
        Assert.True(Arrive(judge).IsAccepted);
        judge.End(before);
        Assert.Equal(1, judge.Report().InFlight);
    }

    [Fact]
    public void The_latest_five_million_arrivals_are_kept()
    {
        var log = new ArrivalLog();
        for (var i = 0; i < 5_200_000; i++)
            log.Add(new(i, 1, 1, 0, 200, true));
        var entries = new ArrivalEntry[100_000];
        var first = log.CopyTo(entries, 0, out var copied);
        Assert.InRange(first, 1, 200_000);
        Assert.Equal((100_000, first, first + 99_999), (copied, entries[0].Time, entries[^1].Time));
        Assert.Equal(5_199_990, log.CopyTo(entries, 5_199_990, out copied));
        Assert.Equal((10, 5_199_999), (copied, entries[9].Time));
    }

    private Judge JudgeOf(params string[] limits) => new(new SimulatorOptions { Limits = [.. limits.Select(Limit.Parse)] }, new SimulatorClock(_time));

    private void Pass(int milliseconds) => _time.Advance(TimeSpan.FromMilliseconds(milliseconds));

    private static Verdict Arrive(Judge judge, string key = "", string? item = null, RequestCost? cost = null, Route route = default) =>
        judge.Arrive(new Plea("GET", "/x", key, item, cost ?? judge.Costs.Undeclared, route));
}

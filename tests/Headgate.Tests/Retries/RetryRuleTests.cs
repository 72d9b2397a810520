using FsCheck;
using FsCheck.Fluent;
using Headgate.Retries;
using Headgate.Time;
using Outcome = Headgate.Retries.Outcome;

namespace Headgate.Tests.Retries;

/// <summary>Every row of the table in <see cref="RetryRule"/>.</summary>
public sealed class RetryRuleTests
{
    private const long Now = 1_000_000 * Clock.Second;

    private static readonly RetryState Get = new() { Repeatable = true };
    private static readonly RetryState Post = new() { Repeatable = false };

    private static readonly Outcome Reset = new() { Class = FailureClass.Network, Sent = true, Detail = "the server reset the connection" };
    private static readonly Outcome NoConnection = new() { Class = FailureClass.Network, Detail = "no connection: connection refused" };

    private static Outcome Answer(int status, double? retryAfter = null) => new()
    {
        Status = status,
        Sent = true,
        RetryAfter = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Refused = status == 429 || (status is 503 or 403 && retryAfter is not null),
        BoundsArrival = OutcomeReader.BoundsArrival(status),
    };

    private static RetryDecision Decide(in RetryState state, in Outcome outcome, RetryPolicy? policy = null, Random? random = null) =>
        RetryRule.Decide(policy ?? RetryPolicy.Default, state, outcome, Now, random ?? new AlwaysMost());

    private static double Wait(RetryDecision decision) => Math.Round((decision.Until - Now) / (double)Clock.Second, 3);

    private static void IsRetry(double seconds, RetryDecision decision) => Assert.Equal((RetryKind.Retry, seconds), (decision.Kind, Wait(decision)));

    private static void IsHold(double seconds, RetryDecision decision) => Assert.Equal((RetryKind.Hold, seconds), (decision.Kind, Wait(decision)));

    private static void Fails(FailureClass failure, bool maybeSent, string detail, RetryDecision decision) =>
        Assert.Equal((RetryKind.Fail, failure, maybeSent, detail), (decision.Kind, decision.Class, decision.MaybeSent, decision.Detail));

    private static void IsDone(FailureClass failure, RetryDecision decision) => Assert.Equal((RetryKind.Done, failure), (decision.Kind, decision.Class));

    [Theory, InlineData(101), InlineData(200), InlineData(204)]
    public void A_success_is_the_result(int status) => IsDone(FailureClass.None, Decide(Get, Answer(status)));

    [Theory, InlineData(302), InlineData(304), InlineData(400), InlineData(401), InlineData(403), InlineData(404)]
    public void Another_3xx_or_4xx_is_the_result_and_never_tried_again(int status) => IsDone(FailureClass.Client, Decide(Get, Answer(status)));

    [Theory, InlineData(429), InlineData(503), InlineData(403)]
    public void A_refusal_is_held_for_exactly_what_the_server_says_whatever_the_method(int status)
    {
        IsHold(7.25, Decide(Get, Answer(status, 7.25)));
        IsHold(7.25, Decide(Post with { Holds = 19 }, Answer(status, 7.25)));
        IsHold(86_400, Decide(Get, Answer(status, 86_400)));
    }

    [Fact]
    public void Whoever_gives_up_at_a_refusal_still_tells_how_long_all_others_have_to_wait()
    {
        Assert.Equal((RetryKind.Fail, 3600), Told(Decide(Get with { Deadline = Now + Clock.Second }, Answer(429, 3600))));
        Assert.Equal((RetryKind.Fail, 5), Told(Decide(Get with { Holds = 20 }, Answer(429, 5))));
        Assert.Equal((RetryKind.Fail, 7), Told(Decide(Get, Answer(429, 7), RetryPolicy.Default with { Statuses = new StatusSet([]) })));

        static (RetryKind, double) Told(RetryDecision decision) => (decision.Kind, Wait(decision));
    }

    [Theory, InlineData(0, 1), InlineData(1, 2), InlineData(5, 32), InlineData(6, 60), InlineData(19, 60)]
    public void Without_a_stated_time_holds_double_from_one_second_and_jitter_only_lengthens_them(int holds, double seconds)
    {
        foreach (var outcome in (Outcome[])[Answer(429), Answer(429, 0), Answer(503, 0)])
        {
            IsHold(seconds, Decide(Get with { Holds = holds }, outcome, random: new AlwaysLeast()));
            IsHold(seconds * 1.25, Decide(Get with { Holds = holds }, outcome));
        }
    }

    [Fact]
    public void A_hold_is_not_charged_to_the_retries() => IsHold(5, Decide(Get with { Retries = 3 }, Answer(429, 5)));

    [Fact]
    public void After_twenty_holds_a_refusal_is_a_failure() =>
        Fails(FailureClass.RateLimit, false, "still refused by a limit (429) after 20 holds", Decide(Get with { Holds = 20 }, Answer(429, 5)));

    [Theory, InlineData(429), InlineData(403), InlineData(503)]
    public void A_refusal_that_is_not_tried_again_by_configuration_is_a_failure(int status) =>
        Fails(FailureClass.RateLimit, false, $"refused by a limit ({status}), and {status} is not tried again by configuration",
            Decide(Get, Answer(status, 5), new RetryPolicy { Statuses = StatusSet.Parse("500") }));

    [Fact]
    public void An_answer_of_200_that_an_API_calls_throttled_is_a_refusal() => IsHold(3, Decide(Post, Answer(200, 3) with { Refused = true }));

    [Fact]
    public void A_stated_time_past_the_deadline_fails_now_and_says_when()
    {
        var state = Get with { Deadline = Now + 20 * Clock.Second };
        Fails(FailureClass.RateLimit, false, "the server answered 429 and asks to wait 3600 s, but the deadline is in 20 s", Decide(state, Answer(429, 3600)));
        Fails(FailureClass.Server, false, "the server answered 500 and asks to wait 3600 s, but the deadline is in 20 s", Decide(state, Answer(500, 3600)));
        IsHold(19.999, Decide(state, Answer(429, 19.999)));
    }

    [Theory, InlineData(408), InlineData(500), InlineData(502), InlineData(503), InlineData(504), InlineData(599)]
    public void A_408_or_5xx_is_tried_again_after_backoff_with_full_jitter(int status)
    {
        foreach (var (retries, most) in ((int, double)[])[(0, 1), (1, 2), (2, 4)])
        {
            IsRetry(0, Decide(Get with { Retries = retries }, Answer(status), random: new AlwaysLeast()));
            IsRetry(most, Decide(Get with { Retries = retries }, Answer(status)));
        }
    }

    [Fact]
    public void Backoff_stops_doubling_at_the_cap()
    {
        var policy = new RetryPolicy { Retries = 1000, Delay = TimeSpan.FromSeconds(3), Cap = TimeSpan.FromSeconds(10) };
        Assert.Equal([3, 6, 10, 10, 10], new[] { 0, 1, 2, 3, 900 }.Select(n => Wait(Decide(Get with { Retries = n }, Answer(500), policy))));
        IsRetry(0, Decide(Get, Answer(500), policy with { Delay = TimeSpan.Zero }));
    }

    [Fact]
    public void A_5xx_with_retry_after_waits_at_least_that_long() => IsRetry(30, Decide(Get, Answer(500, 30)));

    [Fact]
    public void After_the_last_retry_a_5xx_is_a_failure_with_its_answer_and_a_408_is_a_result()
    {
        Fails(FailureClass.Server, false, "the server answered 500, after 3 retries", Decide(Get with { Retries = 3 }, Answer(500)));
        Fails(FailureClass.Server, true, "the server answered 502", Decide(Get, Answer(502), new RetryPolicy { Retries = 0 }));
        IsDone(FailureClass.Client, Decide(Get with { Retries = 3 }, Answer(408)));
    }

    [Fact]
    public void A_5xx_that_is_not_tried_again_by_configuration_is_a_failure() =>
        Fails(FailureClass.Server, false, "the server answered 501, which is not tried again by configuration", Decide(Get, Answer(501), new RetryPolicy { Statuses = StatusSet.Parse("429", "500") }));

    [Fact]
    public void A_4xx_that_is_tried_again_by_configuration_is()
    {
        var policy = new RetryPolicy { Statuses = StatusSet.Parse("425") };
        IsRetry(1, Decide(Get, Answer(425), policy));
        IsDone(FailureClass.Client, Decide(Get with { Retries = 3 }, Answer(425), policy));
    }

    [Fact]
    public void A_5xx_to_a_POST_is_not_repeated_and_a_408_is_its_result()
    {
        Fails(FailureClass.Server, false, "the server answered 500; to send it twice could do harm", Decide(Post, Answer(500)));
        Fails(FailureClass.Server, false, "the server answered 503; to send it twice could do harm", Decide(Post, Answer(503)));
        Fails(FailureClass.Server, true, "the server answered 504; to send it twice could do harm", Decide(Post, Answer(504)));
        IsDone(FailureClass.Client, Decide(Post, Answer(408)));
    }

    [Theory, InlineData(FailureClass.Network), InlineData(FailureClass.Timeout)]
    public void A_broken_attempt_is_tried_again_at_once_and_then_with_backoff(FailureClass failure)
    {
        var outcome = Reset with { Class = failure };
        IsRetry(0, Decide(Get, outcome));
        IsRetry(1, Decide(Get with { Retries = 1 }, outcome));
        IsRetry(2, Decide(Get with { Retries = 2 }, outcome));
        Fails(failure, true, "the server reset the connection, after 3 retries", Decide(Get with { Retries = 3 }, outcome));
    }

    [Fact]
    public void A_POST_is_tried_again_only_if_nothing_was_sent_or_the_server_did_not_act()
    {
        IsRetry(0, Decide(Post, NoConnection));
        IsRetry(0, Decide(Post, Reset with { Unprocessed = true }));
        Fails(FailureClass.Network, true, "the server reset the connection; it was sent, and to send it twice could do harm", Decide(Post, Reset));
        Fails(FailureClass.Network, false, "no connection: connection refused, after 3 retries", Decide(Post with { Retries = 3 }, NoConnection));
    }

    [Fact]
    public void A_fault_of_the_proxy_is_a_hold_and_not_charged()
    {
        var proxy = new Outcome { Class = FailureClass.Proxy, Detail = "the proxy did not open the tunnel" };
        IsHold(0, Decide(Post with { Retries = 3 }, proxy));
        IsHold(0, Decide(Post with { Holds = 1 }, proxy));
        IsHold(0, Decide(Get with { Holds = 19 }, proxy));
        Fails(FailureClass.Proxy, false, "the proxy did not open the tunnel, after 20 holds", Decide(Get with { Holds = 20 }, proxy));
        Fails(FailureClass.Proxy, true, "the proxy did not open the tunnel; it was sent, and to send it twice could do harm", Decide(Post, proxy with { Sent = true }));
    }

    [Theory]
    [InlineData(FailureClass.CircuitOpen), InlineData(FailureClass.Auth), InlineData(FailureClass.Deadline), InlineData(FailureClass.Cancelled)]
    [InlineData(FailureClass.Blocked), InlineData(FailureClass.Invalid), InlineData(FailureClass.MaybeSent)]
    public void What_another_attempt_cannot_mend_fails_at_once(FailureClass failure)
    {
        Fails(failure, false, "so", Decide(Get, new Outcome { Class = failure, Detail = "so" }));
        Fails(failure, true, "so", Decide(Get, new Outcome { Class = failure, Detail = "so", Sent = true }));
    }

    [Fact]
    public void A_body_that_is_spent_ends_it_but_only_if_it_was_sent()
    {
        var put = Get with { BodySpent = "its body is a stream larger than 1 MiB, which can be sent only once" };
        Fails(FailureClass.Network, true, $"the server reset the connection; {put.BodySpent}", Decide(put, Reset));
        Fails(FailureClass.RateLimit, false, $"the server answered 429; {put.BodySpent}", Decide(put, Answer(429, 5)));
        Fails(FailureClass.Server, false, $"the server answered 500; {put.BodySpent}", Decide(put, Answer(500)));
        IsDone(FailureClass.Client, Decide(put, Answer(408)));
        IsRetry(0, Decide(put, NoConnection));
    }

    [Fact]
    public void A_backoff_past_the_deadline_fails_now_as_what_it_was()
    {
        var late = Get with { Retries = 1, Deadline = Now + Clock.Second / 2 };
        Fails(FailureClass.Network, true, "the server reset the connection; the next attempt would be in 1 s, but the deadline is in 0.5 s", Decide(late, Reset));
        Fails(FailureClass.Network, true, "the server reset the connection; the next attempt would be in 0 s, but the deadline is in 0 s", Decide(Get with { Deadline = Now - 5 }, Reset));
        IsRetry(0, Decide(Get with { Deadline = Now + 1 }, Reset));
    }

    [Theory]
    [InlineData("GET", true), InlineData("HEAD", true), InlineData("OPTIONS", true), InlineData("TRACE", true), InlineData("PUT", true), InlineData("DELETE", true)]
    [InlineData("POST", false), InlineData("PATCH", false), InlineData("QUERY", false), InlineData("CONNECT", false), InlineData("get", true)]
    public void Idempotent_methods_are_those_of_RFC_9110(string method, bool idempotent)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://example.com/");
        Assert.Equal(idempotent, RetryRule.IsRepeatable(request));
        request.Headers.TryAddWithoutValidation("idempotency-key", "7");
        Assert.True(RetryRule.IsRepeatable(request));
    }

    [Fact]
    public void Whatever_happens_nothing_goes_before_its_stated_time_nor_at_or_past_the_deadline_nor_twice_where_it_could_do_harm()
    {
        var cases =
            from status in Gen.Elements(0, 200, 403, 408, 429, 500, 502, 503)
            from failure in Gen.Elements(FailureClass.Network, FailureClass.Timeout, FailureClass.Proxy, FailureClass.Invalid)
            from sent in Gen.Elements(true, false)
            from after in Gen.Elements<double?>(null, 0, 0.5, 100, 1e8)
            from repeatable in Gen.Elements(true, false)
            from retries in Gen.Choose(0, 70)
            from holds in Gen.Choose(0, 70)
            from left in Gen.Elements<double?>(null, -1, 0, 0.3, 50, 1e9)
            from seed in Gen.Choose(0, 1000)
            select (
                Outcome: status == 0 ? new Outcome { Class = failure, Sent = sent, Detail = "x" } : Answer(status, after),
                State: new RetryState { Repeatable = repeatable, Retries = retries, Holds = holds, Deadline = left is { } seconds ? Now + (long)(seconds * 1e9) : null },
                Seed: seed);
        Prop.ForAll(cases.ToArbitrary(), x =>
        {
            var policy = new RetryPolicy { Retries = 50, MaxHolds = 50 };
            var decision = RetryRule.Decide(policy, x.State, x.Outcome, Now, new Random(x.Seed));
            if (decision.Kind is RetryKind.Done or RetryKind.Fail)
            {
                Assert.Equal(decision.Kind == RetryKind.Fail, decision.Detail is not null);
                return;
            }
            Assert.True(decision.Until >= Now + Clock.Nanoseconds(x.Outcome.RetryAfter ?? TimeSpan.Zero));
            Assert.True(x.State.Deadline is null || decision.Until < x.State.Deadline);
            Assert.True(decision.Kind == RetryKind.Retry ? x.State.Retries < 50 : x.State.Holds < 50);
            Assert.True(x.State.Repeatable || x.Outcome.Refused || !x.Outcome.MaybeDone && !x.Outcome.IsAnswer);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(5000));
    }

    /// <summary>Jitter as long as it can be.</summary>
    private sealed class AlwaysMost : Random
    {
        public override long NextInt64(long maxValue) => maxValue - 1;
    }

    private sealed class AlwaysLeast : Random
    {
        public override long NextInt64(long maxValue) => 0;
    }
}

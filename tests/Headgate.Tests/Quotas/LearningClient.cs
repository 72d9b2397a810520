using System.Globalization;
using System.Net;
using Headgate.Limits;
using Headgate.Quotas;
using Headgate.Tests.Limits;
using Headgate.Time;

namespace Headgate.Tests.Quotas;

/// <summary>How a server tells.</summary>
internal enum Style
{
    GitHub,
    OpenAI,
    Ietf,
    IetfWithoutWindow,
    IetfOlder,
}

/// <summary>
/// Somebody with endless work who knows no limit at first, in virtual time: 100 in flight, answers after 5 to 50 ms, the engine's own
/// arithmetic for what is learned and for the pauses that are asked for.
/// </summary>
internal sealed class LearningClient
{
    private const int InFlight = 100;
    private const long Bound = 250 * Clock.Millisecond;

    private readonly PriorityQueue<Action, (long At, int Order)> _events = new();
    private readonly ArrivalTerms _terms = new(LimitTiming.Bounded, Bound, 2 * Clock.Second);
    private readonly WallTime _ours = new(0, 0, isKnown: true);
    private readonly HoldState _hold;
    private readonly Random _random;
    private readonly QuotaServer _server;
    private readonly Style _style;
    private readonly QuotaModel _model = new();

    /// <summary>The server's clock minus ours: nobody's clock is right.</summary>
    private readonly long _skew;
    private LimitState? _state;
    private int _order;
    private int _underWay;
    private long _taken;

    public LearningClient(Random random, QuotaServer server, Style style)
    {
        (_random, _server, _style) = (random, server, style);
        _hold = new HoldState(_terms, _ours);
        _skew = 1_795_831_200L * Clock.Second + random.NextInt64(7200 * Clock.Second);
        Start = Now = 1_000 * Clock.Second + random.NextInt64(server.Period);
    }

    public long Now { get; private set; }

    public long Start { get; }

    public long Accepted { get; private set; }

    /// <summary>When the attempts that were refused were sent.</summary>
    public List<long> Refusals { get; } = [];

    public Limit? Learned => _model.Limit;

    /// <summary>What others used.</summary>
    public long Others { get; private set; }

    public void At(long at, Action act) => _events.Enqueue(act, (at, _order++));

    /// <summary>Somebody else with the same key.</summary>
    public void OtherUse() => Others += _server.Arrive(Now + _skew).IsAccepted ? 1 : 0;

    public void Run(long until)
    {
        while (Now < until)
        {
            var free = _underWay >= InFlight ? LimitState.Never : Math.Max(_hold.FreeAt(1, Now), _state?.FreeAt(1, Now) ?? Now);
            if (free <= Now)
            {
                Send();
                continue;
            }
            var next = _events.TryPeek(out _, out var first) ? first.At : LimitState.Never;
            Now = Math.Min(Math.Min(free, next), until);
            while (_events.TryPeek(out var act, out first) && first.At <= Now)
            {
                _events.Dequeue();
                act();
            }
        }
    }

    private void Send()
    {
        var (sent, state) = (Now, _state);
        _hold.Granted(Now);
        state?.Take(1);
        state?.Sent(1, Now);
        (_underWay, _taken) = (_underWay + 1, _taken + 1);
        var ours = state is null ? long.MaxValue / 2 : state.Whole - state.Available(Now) - _taken;
        var answered = sent + _random.NextInt64(5, 51) * Clock.Millisecond;
        At(sent + _random.NextInt64(answered - sent), () =>
        {
            var standing = _server.Arrive(Now + _skew);
            var headers = Write(standing, Now + _skew, out var status);
            At(answered, () => Answer(status, headers, standing.IsAccepted, sent, isCounted: state is not null, ours));
        });
    }

    private void Answer(int status, HttpResponseMessage answer, bool isAccepted, long sent, bool isCounted, long ours)
    {
        _underWay--;
        if (isCounted)
            _state!.Answered(1, sent, Now);
        if (isAccepted)
            Accepted++;
        else
            Refusals.Add(sent);
        var report = QuotaReader.Read(status, answer.Headers, Answers.Now);
        Assert.Equal(!isAccepted, report.Refused);
        var quota = Assert.Single(report.Quotas);
        if ((_model.Learn(quota, sent, Now) ?? (report.Refused ? _model.Refused(quota, report.RetryAfter, sent, Now) : null)) is { } lesson)
            Change(lesson);
        if (_state is not null && isCounted && _model.Foreign(quota, ours + _taken) is > 0 and var foreign)
        {
            _state.Restore(foreign, _model.UsedAt(quota, Now), Now);
            _taken += foreign;
        }
        if (report.Pause is { } pause)
            _hold.Set(Now + Clock.Nanoseconds(pause), _state?.ServiceTime(1) ?? 20 * Clock.Millisecond, Math.Min(Clock.Second, _server.Period));
    }

    private void Change(QuotaLesson lesson)
    {
        var next = LimitStates.Create(lesson.Limit, _terms, _ours, WallTime.Unknown());
        if (_state is null)
            lesson.Begin(next, _underWay, Bound, Now);
        else
            next.Inherit(_state, Now);
        _state = next;
    }

    private HttpResponseMessage Write(Standing standing, long at, out int status)
    {
        var isPrimary = _style == Style.GitHub && _server.Period >= 60 * Clock.Second;
        status = standing.IsAccepted ? 200 : isPrimary ? 403 : 429;
        var answer = new HttpResponseMessage((HttpStatusCode)status);
        Say("Date", DateTimeOffset.FromUnixTimeSeconds(at / Clock.Second).ToString("R", CultureInfo.InvariantCulture));
        switch (_style)
        {
            case Style.GitHub:
                Say("x-ratelimit-limit", standing.Limit);
                Say("x-ratelimit-remaining", standing.Remaining);
                Say("x-ratelimit-reset", Ceiling(at + standing.ResetsIn));
                Say("x-ratelimit-resource", "core");
                break;
            case Style.OpenAI:
                Say("x-ratelimit-limit-requests", standing.Limit);
                Say("x-ratelimit-remaining-requests", standing.Remaining);
                Say("x-ratelimit-reset-requests", GoDuration(standing.ResetsIn));
                break;
            case Style.Ietf:
                Say("RateLimit-Policy", $"\"default\";q={standing.Limit};w={_server.Period / Clock.Second}");
                Say("RateLimit", $"\"default\";r={standing.Remaining};t={Ceiling(standing.ResetsIn)}");
                break;
            case Style.IetfWithoutWindow:
                Say("RateLimit-Policy", $"\"default\";q={standing.Limit}");
                Say("RateLimit", $"\"default\";r={standing.Remaining};t={Ceiling(standing.ResetsIn)}");
                break;
            default:
                Say("RateLimit-Limit", standing.Limit);
                Say("RateLimit-Remaining", standing.Remaining);
                Say("RateLimit-Reset", Ceiling(standing.ResetsIn));
                break;
        }
        if (!standing.IsAccepted && !isPrimary)
            Say("Retry-After", Ceiling(standing.Wait));
        return answer;

        void Say(string name, object value) => answer.Headers.TryAddWithoutValidation(name, string.Create(CultureInfo.InvariantCulture, $"{value}"));
    }

    private static long Ceiling(long time) => (time + Clock.Second - 1) / Clock.Second;

    private static string GoDuration(long time)
    {
        var ms = (time + Clock.Millisecond - 1) / Clock.Millisecond;
        return string.Create(CultureInfo.InvariantCulture, $"{ms / 3_600_000}h{ms / 60_000 % 60}m{ms % 60_000 / 1000m:0.###}s");
    }
}

using Headgate.Configuration;
using Headgate.Gates;
using Headgate.Limits;
using Headgate.Resilience;
using Headgate.Retries;
using Headgate.Time;

namespace Headgate;

/// <summary>
/// What follows from how one API is doing: the pace after refusals that say nothing else, and, where its configuration asks for it, rate,
/// concurrency and timeout by errors and latency, and less of all while this machine is short. Everything ending in NeedsLock is for
/// whoever holds the dispatcher's lock; the rest is thread-safe.
/// </summary>
internal sealed class Adaptation
{
    private readonly Upstream _api;
    private readonly Engine _engine;
    private readonly AdaptiveConfiguration _asked;

    /// <summary>From the first byte to the headers, which a second attempt is sent for; and to the end of the body, which the timeout runs to.</summary>
    private readonly LatencyQuantiles? _latencies;
    private readonly LatencyQuantiles? _durations;
    private readonly AdaptiveTimeout? _timeout;
    private readonly HedgeDelay? _hedge;
    private readonly GradientCap? _gradient;
    private readonly Dictionary<Scope, Pacing> _paces = [];
    private readonly ResourceGuard _errors = new();
    private ResourceRelief _relief = ResourceRelief.None;
    private volatile bool _isAwake;

    /// <summary>Attempts since a moment, and how many there were in a second before it: what a first refusal is a part of.</summary>
    private long _count;
    private long _countedFrom;
    private long _perSecond;

    public Adaptation(Upstream api, Engine engine)
    {
        (_api, _engine, _asked) = (api, engine, api.Configuration.Adaptive);
        var hedge = api.Configuration.Hedge;
        if (_asked.Timeout)
            _durations = new LatencyQuantiles();
        if (hedge is not null)
            _latencies = new LatencyQuantiles();
        _timeout = _asked.Timeout ? new AdaptiveTimeout(_durations!, Clock.Nanoseconds(api.Configuration.Policy.Timeout)) : null;
        _hedge = hedge is null ? null : new HedgeDelay(_latencies!, hedge.After);
        _gradient = _asked.Concurrency ? new GradientCap(engine.Concurrency) : null;
        if (_gradient is not null)
            api.Cap.LimitTo(_gradient.Now);
        Searches = api.Configuration.Policy.Learns || _asked != AdaptiveConfiguration.Off;
        _isAwake = _asked != AdaptiveConfiguration.Off || hedge is not null;
    }

    /// <summary>Whether refusals that say nothing else set a pace.</summary>
    public bool Searches { get; }

    /// <summary>Whether it wants to hear of every attempt; else <see cref="Count"/> is enough.</summary>
    public bool IsAwake => _isAwake;

    /// <summary>How long an attempt has from its first byte.</summary>
    public TimeSpan Timeout => _timeout is null ? _api.Configuration.Policy.Timeout : Clock.Span(_engine.Dispatcher.Read(_timeout, static (_, timeout, _) => timeout.Now));

    /// <summary>How long an attempt is waited for before another is sent beside it; null for always.</summary>
    public TimeSpan? HedgeAfter => _hedge is null ? null : _engine.Dispatcher.Read(_hedge, static (_, hedge, _) => hedge.Now) is { } wait ? Clock.Span(wait) : null;

    /// <summary>The slowest pace kept now, in requests a second; null for none.</summary>
    public double? Pace => _engine.Dispatcher.Read(_paces, static (_, paces, _) => paces.Values.Min(pacing => pacing.Pace.Rate)) / 1000.0;

    /// <summary>The part of the concurrency that the machine leaves, 0 to 1.</summary>
    public double Relief => _engine.Dispatcher.Read(this, static (_, it, _) => it._relief.Concurrency) / 1000.0;

    /// <summary>An attempt was sent, and nothing more is of interest. Without the lock: it is so for nearly all.</summary>
    public void Count(long now)
    {
        var count = Interlocked.Increment(ref _count);
        var from = Volatile.Read(ref _countedFrom);
        if (now - from < Clock.Second / 2 || Interlocked.CompareExchange(ref _countedFrom, now, from) != from)
            return;
        Volatile.Write(ref _perSecond, from == 0 ? 0 : count * Clock.Second / (now - from));
        Volatile.Write(ref _count, 0);
    }

    /// <summary>The share of attempts that failed lately, in thousandths; null where there were too few.</summary>
    private int? ErrorsPerMilleNeedsLock(long now) => _paces.Values.Select(pacing => pacing.Rate.ErrorsPerMille(now)).Max();

    /// <summary>An attempt that was sent has its headers, or never will. What was refused by a limit is told by <see cref="RefusedNeedsLock"/> as well.</summary>
    /// <param name="scheduler">Whoever waits may go sooner.</param>
    /// <param name="scope">Of whose limits it speaks.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="outcome">What it came to.</param>
    /// <param name="now">Monotonic nanoseconds.</param>
    public void AnsweredNeedsLock(Scheduler scheduler, Scope scope, Attempt attempt, in Outcome outcome, long now)
    {
        var pacing = PacingOf(scope, now);
        pacing.Rate.Sent(now);
        // What was our own doing, or that of a proxy on the way, says nothing of the server.
        var isFailure = outcome.IsFailing;
        if (outcome.Refused || !(outcome.IsAnswer || isFailure))
            return;
        var latency = now - attempt.SentAt;
        if (outcome.IsAnswer || outcome.Class == FailureClass.Timeout)
            _latencies?.Add(latency, now);
        pacing.Rate.Ended(isFailure, latency, attempt.SentAt - attempt.Permit.GrantedAt, now);
        Apply(scheduler, scope, pacing, now);
        if (_gradient is { } gradient && (outcome.Class == FailureClass.Timeout ? gradient.TimedOut(attempt.SentAt, now) : !isFailure && gradient.Answered(attempt.SentAt, (int)_api.Cap.InFlight, now)))
            ApplyCap(scheduler);
    }

    /// <summary>An attempt that had its headers did not get its body: a failure beside the answer that was counted then.</summary>
    public void BrokeNeedsLock(Scheduler scheduler, Scope scope, Attempt attempt, in Outcome outcome, long now)
    {
        var pacing = PacingOf(scope, now);
        pacing.Rate.Ended(isFailure: true, now - attempt.SentAt, attempt.SentAt - attempt.Permit.GrantedAt, now);
        Apply(scheduler, scope, pacing, now);
        if (outcome.Class == FailureClass.Timeout && _gradient?.TimedOut(attempt.SentAt, now) == true)
            ApplyCap(scheduler);
    }

    /// <summary>An attempt has ended: with the whole body, or because its time was over, and then it counts with the time it had, so that a timeout that is too short grows.</summary>
    public void Ended(Attempt attempt)
    {
        if (_durations is not null)
            _engine.Dispatcher.Change((_durations, attempt), static (_, it, _) => it._durations.Add(it.attempt.EndedAt - it.attempt.SentAt, it.attempt.EndedAt));
    }

    /// <summary>Nothing is sent in a scope any more.</summary>
    public void Forget(Scope scope) => _engine.Dispatcher.Change((_paces, scope), static (_, it, _) => it._paces.Remove(it.scope));

    /// <summary>Another one takes its place: what it had in force holds nobody any more.</summary>
    public void LeaveNeedsLock()
    {
        foreach (var (scope, pacing) in _paces)
            scope.Remove(pacing.Pace);
        _api.Cap.LimitTo(long.MaxValue);
    }

    /// <summary>An attempt was refused, and nothing says how much is allowed.</summary>
    /// <returns>Whether the pace is another one now; thousandths of a request in a second.</returns>
    public long? RefusedNeedsLock(Scheduler scheduler, Scope scope, long sentAt, long resumesAt, long now)
    {
        var pacing = PacingOf(scope, now);
        if (!pacing.Rate.Refused(sentAt, resumesAt, now))
            return null;
        Apply(scheduler, scope, pacing, now);
        return pacing.Rate.Rate;
    }

    /// <summary>The machine has less, or more, than before, or this API fails more, or less: its errors slow down nobody else.</summary>
    /// <returns>The part of the rate that is left, in thousandths; null if that is what it was.</returns>
    public int? RelieveNeedsLock(Scheduler scheduler, ResourceRelief machine, long now)
    {
        var before = _relief;
        var relief = machine with { Rate = _errors.Look(default, ErrorsPerMilleNeedsLock(now), now).Rate };
        if (relief == before)
            return null;
        _relief = relief;
        ApplyCap(scheduler);
        foreach (var (scope, pacing) in _paces)
        {
            pacing.Rate.Relieve(relief, now);
            Apply(scheduler, scope, pacing, now);
        }
        return relief.Rate == before.Rate ? null : relief.Rate;
    }

    private Pacing PacingOf(Scope scope, long now)
    {
        if (_paces.TryGetValue(scope, out var known))
            return known;
        var pacing = _paces[scope] = new Pacing(new AdaptiveRate(_asked), new PaceState());
        if (!_isAwake)
            Recall(pacing.Rate, now);
        _isAwake = true;
        if (_relief != ResourceRelief.None)
            pacing.Rate.Relieve(_relief, now);
        return pacing;
    }

    /// <summary>Tells of the second before at the rate that was counted; of several keys each had its part.</summary>
    private void Recall(AdaptiveRate rate, long now)
    {
        var running = Volatile.Read(ref _count) * Clock.Second / Math.Max(Clock.Second / 10, now - Volatile.Read(ref _countedFrom));
        var sends = Math.Clamp(Math.Max(Volatile.Read(ref _perSecond), running) / Math.Max(1, _api.Keys?.AliveCount ?? 1), 1, 20_000);
        for (var send = 0L; send < sends; send++)
            rate.Sent(now - Clock.Second + send * Clock.Second / sends);
    }

    /// <summary>The pace joins the limits of its scope only when it is first in force: most never are.</summary>
    private void Apply(Scheduler scheduler, Scope scope, Pacing pacing, long now)
    {
        var isFaster = pacing.Pace.Set(pacing.Rate.Rate);
        if (pacing.Pace.Rate is not null && !pacing.IsThere)
        {
            pacing.IsThere = true;
            scope.Add(pacing.Pace);
            scheduler.Changed(_api.Gates.All, now);
        }
        else if (isFaster)
        {
            scheduler.Better(scope.Checkpoints.First(checkpoint => checkpoint.State == pacing.Pace));
            // Those who may use any key wait at the pool, not at the pace of one.
            if (_api.Keys?.Keys.FirstOrDefault(key => key.Scope == scope) is { } key)
            {
                _api.Keys.Touch(key, now);
                scheduler.Better(_api.Keys);
            }
        }
    }

    private void ApplyCap(Scheduler scheduler)
    {
        var before = _api.Cap.Now;
        _api.Cap.LimitTo(Math.Max(1, (_gradient?.Now ?? _engine.Concurrency) * (long)_relief.Concurrency / 1000));
        if (_api.Cap.Now > before)
            scheduler.Better(_api.Scope.Checkpoints.First(checkpoint => checkpoint.State == _api.Cap));
    }

    private sealed class Pacing(AdaptiveRate rate, PaceState pace)
    {
        public AdaptiveRate Rate => rate;

        public PaceState Pace => pace;

        /// <summary>It is among the limits of its scope.</summary>
        public bool IsThere { get; set; }
    }
}

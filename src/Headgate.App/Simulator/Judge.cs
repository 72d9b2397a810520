using Headgate.App.Simulator.Models;
using Headgate.Limits;

namespace Headgate.App.Simulator;

/// <summary>
/// Decides at each arrival, under one lock, so that the order of arrivals is the order of the clock. All limits apply together:
/// what any of them refuses is counted by none of them. Thread-safe.
/// </summary>
internal sealed class Judge
{
    private const int MostScopesReported = 1000;

    private readonly Lock _lock = new();
    private readonly SimulatorOptions _options;
    private readonly SimulatorClock _clock;
    private readonly Limit[] _limits;
    private readonly bool _tellsQuotas;
    private readonly Random _faultChance;
    private readonly Random _latencyChance;
    private readonly Random _uplinkChance;
    private ScopeTable _scopes;
    private Chronicle _chronicle;

    public Judge(SimulatorOptions options, SimulatorClock clock)
    {
        (_options, _clock, _limits) = (options, clock, [.. options.Limits]);
        Costs = new(options.Limits);
        _tellsQuotas = options.Style is not (AnswerStyle.Plain or AnswerStyle.None);
        // Chance of one kind must not depend on whether another kind is asked for.
        (_faultChance, _latencyChance, _uplinkChance) = (new(options.Seed), new(unchecked(options.Seed + 1)), new(unchecked(options.Seed + 2)));
        (_scopes, _chronicle) = (new(options.Per, NewTallies), new(clock));
    }

    public SimulatorClock Clock => _clock;

    /// <summary>What requests cost here.</summary>
    public CostTable Costs { get; }

    /// <summary>How long the next request travels before it arrives.</summary>
    public TimeSpan DrawUplink()
    {
        lock (_lock)
            return _options.Uplink.Draw(_uplinkChance);
    }

    /// <summary>A request arrives now.</summary>
    public Verdict Arrive(in Plea plea)
    {
        lock (_lock)
            return ArriveNeedsLock(plea, _clock.Now);
    }

    /// <summary>A request is done: its answer goes out now, or its client is gone. Places are free from here on.</summary>
    public void End(Verdict verdict, bool answered = true)
    {
        lock (_lock)
        {
            if (verdict.IsAccepted)
                for (var i = 0; i < _limits.Length; i++)
                {
                    verdict.Scope.Tallies[i].Accepted.End(verdict.Cost.ByLimit[i]);
                    verdict.Scope.Tallies[i].Offered.End(verdict.Cost.ByLimit[i]);
                }
            verdict.Chronicle.End(verdict.IsAccepted, answered);
        }
    }

    /// <summary>The simulator itself failed at a request; the report says so.</summary>
    public void Fail(Exception fault)
    {
        lock (_lock)
            _chronicle.Fail(fault);
    }

    /// <summary>Forgets everything, windows and levels too. What is in flight belongs to the time before.</summary>
    public void Reset()
    {
        lock (_lock)
            (_scopes, _chronicle) = (new(_options.Per, NewTallies), new(_clock));
    }

    /// <summary>Other amounts from now on, as a server may change them at any time; what was counted stays counted.</summary>
    /// <returns>What is wrong with them; null if they hold.</returns>
    public string? Change(IReadOnlyList<Limit> limits)
    {
        lock (_lock)
        {
            if (limits.Count != _limits.Length || limits.Zip(_limits).Any(pair => pair.First with { Amount = pair.Second.Amount, Burst = pair.Second.Burst } != pair.Second))
                return $"only the amounts can change; there are {string.Join(", ", _limits.Select(limit => $"\"{limit}\""))}";
            var now = _clock.Now;
            foreach (var scope in _scopes.InOrder)
                for (var i = 0; i < _limits.Length; i++)
                    if (limits[i] != _limits[i] && !(scope.Tallies[i].Accepted.Change(limits[i], now) && scope.Tallies[i].Offered.Change(limits[i], now)))
                        return $"\"{_limits[i]}\" cannot change";
            limits.ToArray().CopyTo(_limits, 0);
            return null;
        }
    }

    public SimulatorReport Report()
    {
        lock (_lock)
        {
            var scopes = _scopes.InOrder.Take(MostScopesReported).Select(scope => new ScopeReport(scope.Name, scope.Fingerprint, scope.Arrivals, scope.Refused));
            return _chronicle.Report([.. _limits.Select(ReportOfNeedsLock)], [.. scopes], _scopes.InOrder.Count, _options.Seed);
        }
    }

    /// <summary>Up to <paramref name="most"/> arrivals after number <paramref name="since"/>.</summary>
    public IReadOnlyList<Arrival> ArrivalsSince(long since, int most)
    {
        lock (_lock)
            return _chronicle.ArrivalsSince(since, most, _scopes.InOrder);
    }

    private Verdict ArriveNeedsLock(in Plea plea, long now)
    {
        var scope = _scopes.Of(plea.Identity);
        var (refusedBy, wait) = ConsultNeedsLock(scope, plea.Cost, now);
        CountNeedsLock(scope, plea.Cost, now, accepted: refusedBy is null);
        var (fault, latency) = (default(Fault), TimeSpan.Zero);
        if (refusedBy is null)
        {
            fault = _options.Errors.IsNone ? default : _options.Errors.Draw(_faultChance);
            latency = _options.Latency.IsNone ? TimeSpan.Zero : _options.Latency.Draw(_latencyChance);
        }
        var quotas = _tellsQuotas ? QuotasNeedsLock(scope, now) : null;
        var verdict = new Verdict(_chronicle.Arrivals + 1, _chronicle, now, scope, plea.Cost, plea.Route, refusedBy, wait, fault, latency, quotas);
        _chronicle.Arrive(plea, scope, now, AnswerStyles.StatusOf(_options.Style, verdict), verdict.IsAccepted, fault);
        return verdict;
    }

    private (Limit? RefusedBy, long Wait) ConsultNeedsLock(Scope scope, RequestCost cost, long now)
    {
        (Limit? refusedBy, long longest) = (null, 0);
        for (var i = 0; i < _limits.Length; i++)
        {
            if (!Counts(i, cost, now) || scope.Tallies[i].Accepted.Wait(now, cost.ByLimit[i]) is not (> 0 and var wait))
                continue;
            scope.Tallies[i].Refused++;
            if (wait > longest)
                (refusedBy, longest) = (_limits[i], wait);
        }
        return (refusedBy, longest);
    }

    private void CountNeedsLock(Scope scope, RequestCost cost, long now, bool accepted)
    {
        for (var i = 0; i < _limits.Length; i++)
        {
            if (!Counts(i, cost, now))
                continue;
            scope.Tallies[i].Offered.Add(now, cost.ByLimit[i]);
            if (accepted)
                scope.Tallies[i].Accepted.Add(now, cost.ByLimit[i]);
            else
                scope.Tallies[i].Offered.End(cost.ByLimit[i]);
        }
    }

    /// <summary>A limit with hours (<c>when=</c>) neither refuses nor counts outside them.</summary>
    private bool Counts(int limit, RequestCost cost, long now) =>
        cost.ByLimit[limit] > 0
        && (_limits[limit].When is not { } schedule || schedule.Holds(SimulatorClock.ToUtc(now), _limits[limit].Zone ?? TimeZoneInfo.Utc));

    private Quota[] QuotasNeedsLock(Scope scope, long now)
    {
        var quotas = new Quota[_limits.Length];
        for (var i = 0; i < quotas.Length; i++)
        {
            var model = scope.Tallies[i].Accepted;
            quotas[i] = new(_limits[i], model.Room, model.Used(now), model.FreeIn(now));
        }
        return quotas;
    }

    private LimitReport ReportOfNeedsLock(Limit limit, int index)
    {
        (LimitTally? Tally, string? Name) accepted = default, offered = default;
        long refused = 0;
        foreach (var scope in _scopes.InOrder)
        {
            var tally = scope.Tallies[index];
            refused += tally.Refused;
            if (tally.Accepted.Worst is not null && !(tally.Accepted.WorstPercent <= accepted.Tally?.Accepted.WorstPercent))
                accepted = (tally, scope.Name);
            if (tally.Offered.Worst is not null && !(tally.Offered.WorstPercent <= offered.Tally?.Offered.WorstPercent))
                offered = (tally, scope.Name);
        }
        var model = _options.Model.Create(limit);
        return new(
            limit.ToString(),
            model.Name,
            _options.Per.ToString().ToLowerInvariant(),
            model.Allowed,
            accepted.Tally?.Accepted.Worst,
            accepted.Tally?.Accepted.WorstPercent ?? 0,
            offered.Tally?.Offered.Worst,
            offered.Tally?.Offered.WorstPercent ?? 0,
            offered.Name,
            refused);
    }

    private LimitTally[] NewTallies()
    {
        var tallies = new LimitTally[_limits.Length];
        for (var i = 0; i < tallies.Length; i++)
            tallies[i] = new(_options.Model.Create(_limits[i]), _options.Model.Create(_limits[i]));
        return tallies;
    }
}

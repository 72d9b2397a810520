using System.Globalization;

namespace Headgate.App.Simulator;

/// <summary>What happened since the start or the last reset. Used under the judge's lock only.</summary>
internal sealed class Chronicle(SimulatorClock clock)
{
    private const int MostMethods = 100;
    private const int MostFailures = 10;

    private readonly ArrivalLog _log = new();
    private readonly NameTable _paths = new();
    private readonly ItemTally _items = new();
    private readonly Dictionary<string, long> _methods = [];
    private readonly Dictionary<string, long> _faults = [];
    private readonly List<string> _failures = [];
    private readonly long[] _statuses = new long[600];
    private long _first;
    private long _last;
    private long _refused;
    private long _answered;
    private long _abandoned;
    private long _inFlight;
    private long _maxInFlight;

    public long Arrivals => _log.Count;

    public void Arrive(in Plea plea, Scope scope, long now, int status, bool accepted, Fault fault)
    {
        if (_log.Count == 0)
            _first = now;
        _last = now;
        scope.Arrivals++;
        _statuses[status]++;
        if (accepted)
        {
            _maxInFlight = Math.Max(_maxInFlight, ++_inFlight);
        }
        else
        {
            _refused++;
            scope.Refused++;
        }
        if (fault.Kind != FaultKind.None)
            _faults[fault.Name] = _faults.GetValueOrDefault(fault.Name) + 1;
        var method = _methods.Count < MostMethods || _methods.ContainsKey(plea.Method) ? plea.Method : "(other)";
        _methods[method] = _methods.GetValueOrDefault(method) + 1;
        var item = _items.Add(plea.Item, success: status is >= 200 and < 300);
        _log.Add(new(now, scope.Number, _paths.NumberOf(plea.Path), item, (short)status, accepted));
    }

    public void End(bool accepted, bool answered)
    {
        if (accepted)
            _inFlight--;
        if (answered)
            _answered++;
        else
            _abandoned++;
    }

    public void Fail(Exception fault)
    {
        if (_failures.Count < MostFailures)
            _failures.Add(fault.ToString());
    }

    /// <summary>Up to <paramref name="most"/> arrivals after number <paramref name="since"/>; fewer than that only at the end.</summary>
    public List<Arrival> ArrivalsSince(long since, int most, IReadOnlyList<Scope> scopes)
    {
        var entries = new ArrivalEntry[(int)Math.Clamp(_log.Count - since, 0, most)];
        var first = _log.CopyTo(entries, since, out var copied);
        var arrivals = new List<Arrival>(copied);
        for (var i = 0; i < copied; i++)
        {
            var entry = entries[i];
            arrivals.Add(new(first + i + 1, clock.ToMonotonicMicroseconds(entry.Time), scopes[entry.Scope - 1].Name, _paths[entry.Path], _items[entry.Item], entry.Status, entry.Accepted));
        }
        return arrivals;
    }

    public SimulatorReport Report(IReadOnlyList<LimitReport> limits, IReadOnlyList<ScopeReport> scopes, int scopeCount, int seed)
    {
        var span = TimeSpan.FromTicks(_last - _first).TotalSeconds;
        return new(
            Arrivals,
            Arrivals - _refused,
            _refused,
            _answered,
            _abandoned,
            _inFlight,
            _maxInFlight,
            Arrivals == 0 ? null : SimulatorClock.ToUtc(_first),
            Arrivals == 0 ? null : SimulatorClock.ToUtc(_last),
            span,
            span > 0 ? (Arrivals - 1) / span : 0,
            _statuses.Index().Where(entry => entry.Item > 0).ToDictionary(entry => entry.Index == 0 ? "none" : entry.Index.ToString(CultureInfo.InvariantCulture), entry => entry.Item),
            new Dictionary<string, long>(_faults),
            new Dictionary<string, long>(_methods),
            limits,
            _items.Report(),
            scopes,
            scopeCount,
            seed,
            [.. _failures]);
    }
}

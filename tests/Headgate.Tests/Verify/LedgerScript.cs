using Headgate.App.Verify;
using Headgate.Ledgers;
using Headgate.Limits;
using Headgate.Tests.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.Verify;

/// <summary>Writes a ledger in milliseconds and audits it.</summary>
internal sealed class LedgerScript : IDisposable
{
    public const long WallAtZero = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z
    private readonly TempFolder _folder = new();
    private readonly VirtualTime _time = new();
    private LedgerWriter _writer;
    private long _next;

    public LedgerScript(LedgerHeader? header = null, params string[] limits) => _writer = LedgerWriter.Create(Path, header ?? Header(limits), _time);

    public string Path => _folder["results.jsonl.ledger"];

    public string this[string name] => _folder[name];

    public static LedgerHeader Header(params string[] limits) => new()
    {
        Timing = "guaranteed",
        Boot = "boot-1",
        WallUs = WallAtZero,
        Limits = new Dictionary<string, IReadOnlyList<string>> { ["api"] = limits },
    };

    /// <summary>A send at a time; answered at another, or not at all.</summary>
    public LedgerScript Send(double at, double? end = null, double? late = null, UnitCost[]? cost = null, UnitCost[]? actual = null, string? key = null, string upstream = "api", string? proxy = null, string? exit = null, double wallAhead = 0, string? failure = null)
    {
        var number = ++_next;
        _writer.WriteIntent(new LedgerIntent { WallUs = WallAtZero + Us(at + wallAhead), SentUs = Us(at), Number = number, Line = number, Upstream = upstream, Key = key, Proxy = proxy, Exit = exit, Cost = cost });
        if (end is { } ended)
            _writer.WriteEnd(new LedgerEnd { Number = number, EndUs = Us(ended), LateUs = Us(late ?? ended), Status = failure is null ? 200 : 0, Class = failure, Cost = actual });
        _writer.Flush();
        return this;
    }

    /// <summary>As many sends at once, each answered after a time.</summary>
    public LedgerScript Burst(int count, double at, double latency = 0, string? key = null)
    {
        for (var i = 0; i < count; i++)
            Send(at, at + latency, key: key);
        return this;
    }

    public LedgerScript Write(Action<LedgerWriter> write)
    {
        write(_writer);
        return this;
    }

    public LedgerScript Change(double at, string scope, params string[] limits) =>
        Write(w => w.WriteLimits(new LedgerLimits(new Dictionary<string, IReadOnlyList<string>> { [scope] = limits }, Us(at))));

    /// <summary>The run dies and another goes on.</summary>
    public LedgerScript Restart(double at, LedgerHeader? header = null, double wallAhead = 0)
    {
        _writer.Dispose();
        _writer = LedgerWriter.Resume(Path, _time, out _);
        _writer.WriteHeader((header ?? Header("5/s")) with { IsResume = true, MonoUs = Us(at), WallUs = WallAtZero + Us(at + wallAhead) });
        return this;
    }

    public LedgerTimeline Read()
    {
        _writer.Flush();
        return TimelineReader.Read(Path);
    }

    public List<LimitFinding> Audit(params string[] others) => LedgerAudit.Run(Read(), others.Length == 0 ? null : [.. others.Select(Limit.Parse)]);

    public void Dispose()
    {
        _writer.Dispose();
        _folder.Dispose();
    }

    private static long Us(double ms) => (long)Math.Round(ms * 1000);
}

using System.Globalization;
using System.Text;
using Headgate.Ledgers;
using Headgate.Limits;

namespace Headgate.App.Verify;

/// <summary>
/// The arrivals of a server's access log: nginx's combined format (whole seconds), or any whose lines begin with the time, as <c>$msec</c> or as
/// ISO 8601.
/// </summary>
internal sealed class AccessLog
{
    private static readonly string[] CombinedTime = ["dd/MMM/yyyy:HH:mm:ss zzz"];
    private readonly List<Arrival> _arrivals = [];

    public required string Path { get; init; }

    public long Lines { get; private set; }

    /// <summary>What the lines were read as.</summary>
    public string Format { get; private set; } = "";

    /// <summary>To how many microseconds the times are cut off.</summary>
    public long Resolution { get; private set; } = 1;

    /// <summary>How often each status was answered.</summary>
    public SortedDictionary<int, long> Statuses { get; } = [];

    /// <summary>Lines that were not understood, by number; the first of them.</summary>
    public List<long> NotUnderstood { get; } = [];

    public long NotUnderstoodCount { get; private set; }

    public long Arrivals => _arrivals.Count;

    /// <summary>What was found of each limit.</summary>
    public List<(Limit Limit, Worst? Worst, string? Reason)> Findings { get; } = [];

    /// <summary>Reads a log and audits its arrivals.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static AccessLog Read(string path, IEnumerable<Limit> limits)
    {
        var log = new AccessLog { Path = path };
        using var lines = new RecordLines(LockedFile.OpenToRead(path));
        while (lines.Read())
            log.Take(lines.Line.TrimEnd((byte)'\r'), lines.Number);
        var arrivals = new Arrivals(log._arrivals);
        foreach (var limit in limits)
            log.Audit(limit, arrivals);
        return log;
    }

    /// <summary>Microseconds since the Unix epoch as time of a report; what lies beyond the calendar, as only a forged record does, is its first or last moment.</summary>
    public static DateTimeOffset Wall(Int128 us) =>
        DateTimeOffset.UnixEpoch.AddTicks(10 * (long)Int128.Clamp(us, (DateTimeOffset.MinValue - DateTimeOffset.UnixEpoch).Ticks / 10, (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / 10));

    private void Audit(Limit limit, Arrivals arrivals)
    {
        List<LimitEpoch> epochs = [new LimitEpoch(long.MinValue, limit)];
        var (worst, reason) = limit switch
        {
            { When: not null } => (null, "when= is not read from a log"),
            { Unit: not Limit.Requests } => (null, $"a log does not tell {limit.Unit}"),
            { Algorithm: LimitAlgorithm.Concurrent } => (null, "a log does not tell what is in flight"),
            { Algorithm: LimitAlgorithm.Fixed } => (FixedAudit.Find(arrivals, epochs, _ => default), null),
            { Algorithm: LimitAlgorithm.Bucket } => (BucketAudit.Find(arrivals, epochs, Resolution), null),
            { Algorithm: LimitAlgorithm.Counter } => (CounterAudit.Find(arrivals, epochs, Resolution), null),
            { Algorithm: LimitAlgorithm.Spaced } => (SpacedAudit.Find(arrivals, epochs, Resolution), null),
            _ when Periods.Us(limit) < Resolution => (null, $"the log's times are {Resolution / 1e6:0.###} s apart"),
            _ => (SlidingAudit.Find(arrivals, epochs, Resolution), (string?)null),
        };
        Findings.Add((limit, worst, reason));
    }

    private void Take(ReadOnlySpan<byte> utf8, long number)
    {
        if (utf8.Trim(" \t"u8).IsEmpty)
            return;
        Lines++;
        var line = Encoding.UTF8.GetString(utf8);
        if (TimeOf(line) is not { } time)
        {
            NotUnderstoodCount++;
            if (NotUnderstood.Count < 20)
                NotUnderstood.Add(number);
            return;
        }
        _arrivals.Add(new Arrival(time.Us, time.Us, 1, _arrivals.Count));
        Format = time.Format;
        Resolution = Math.Max(Resolution, time.Resolution);
        if (StatusOf(line) is { } status)
            Statuses[status] = Statuses.GetValueOrDefault(status) + 1;
    }

    private static (long Us, long Resolution, string Format)? TimeOf(string line)
    {
        var first = line.AsSpan()[..(line.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space ? space : line.Length)];
        if (decimal.TryParse(first, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is > 100_000_000 and < 100_000_000_000)
        {
            var digits = first.IndexOf('.') is >= 0 and var point ? first.Length - point - 1 : 0;
            return ((long)(seconds * 1_000_000), digits >= 6 ? 1 : (long)Math.Pow(10, 6 - digits), "seconds since the epoch, at the beginning of the line");
        }
        if (first.Length >= 19 && DateTimeOffset.TryParse(first, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var iso))
            return (Us(iso), first.IndexOf('.') >= 0 ? 1000 : 1_000_000, "ISO 8601 time, at the beginning of the line");
        var open = line.IndexOf('[', StringComparison.Ordinal);
        var close = open < 0 ? -1 : line.IndexOf(']', open);
        return close > open && DateTimeOffset.TryParseExact(line.AsSpan(open + 1, close - open - 1), CombinedTime, CultureInfo.InvariantCulture, DateTimeStyles.None, out var local)
            ? (Us(local), 1_000_000, "combined, whole seconds")
            : null;
    }

    /// <summary>The number behind the quoted request line; without one the first that could be a status.</summary>
    private static int? StatusOf(string line)
    {
        var quote = line.IndexOf('"', StringComparison.Ordinal);
        var end = quote < 0 ? -1 : line.IndexOf('"', quote + 1);
        while (end > 0 && line[end - 1] == '\\')
            end = line.IndexOf('"', end + 1);
        foreach (var word in line[(end < 0 ? line.IndexOf(' ', StringComparison.Ordinal) + 1 : end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (word.Length == 3 && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var status) && status is >= 100 and <= 599)
                return status;
        return null;
    }

    private static long Us(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}

namespace Headgate.Telemetry;

/// <summary>What the requests of a process came to since a moment, with the latencies of the last of them. Thread-safe.</summary>
internal sealed class Counts
{
    /// <summary>Quantiles are those of so many requests.</summary>
    private const int Window = 1024;

    private readonly Lock _lock = new();
    private readonly long[] _latest = new long[Window];
    private Totals _totals;

    /// <summary>A request has ended.</summary>
    public void Add(bool isOk, int retries, int refusals, long latency)
    {
        lock (_lock)
        {
            _latest[_totals.Requests % Window] = latency;
            _totals.Requests++;
            _totals.Successful += isOk ? 1 : 0;
            _totals.Retries += retries;
            _totals.Refusals += refusals;
            _totals.Latency += latency;
        }
    }

    /// <summary>Begins anew.</summary>
    public void Reset()
    {
        lock (_lock)
            _totals = default;
    }

    /// <summary>The counts, and latencies in order, nanoseconds.</summary>
    public (Totals Totals, long[] Latencies) Read()
    {
        lock (_lock)
        {
            var latencies = _latest.AsSpan(0, (int)Math.Min(Window, _totals.Requests)).ToArray();
            Array.Sort(latencies);
            return (_totals, latencies);
        }
    }

    /// <summary>What has been added up.</summary>
    public struct Totals
    {
        public long Requests;
        public long Successful;
        public long Retries;
        public long Refusals;

        /// <summary>Of all requests together, nanoseconds.</summary>
        public Int128 Latency;
    }
}

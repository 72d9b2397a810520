namespace Headgate.Limits;

/// <summary>How the server counts. The algorithm of a <see cref="Limit"/> is the server's, since that is what must not be exceeded.</summary>
public enum LimitAlgorithm
{
    /// <summary>At most N in any window of length P, wherever it begins (<c>100/s</c>). Also safe for a bucket of N. The default.</summary>
    Sliding,

    /// <summary>At most N in each window aligned to the epoch, or to the calendar of a time zone (<c>10000/day fixed tz=Europe/Berlin</c>).</summary>
    Fixed,

    /// <summary>Token bucket, leaky bucket or GCRA: room for B, drained at N per P (<c>40 bucket 2/s</c>, <c>200/s burst=20</c>).</summary>
    Bucket,

    /// <summary>The two-window counter of many gateways: this window's count plus the weighted count of the last (<c>100/min counter</c>).</summary>
    Counter,

    /// <summary>At least P/N apart (<c>10/s spaced</c>).</summary>
    Spaced,

    /// <summary>At most N in flight at once (<c>10 concurrent</c>).</summary>
    Concurrent,
}

/// <summary>What is known of the moment a request arrives at the server, somewhere between its first byte and its answer.</summary>
public enum LimitTiming
{
    /// <summary>It arrives within a bound D of its first byte, and not after its answer. The default.</summary>
    Bounded,

    /// <summary>It may arrive as late as its answer.</summary>
    Guaranteed,

    /// <summary>It arrives when it is sent.</summary>
    Nominal,
}

using System.Globalization;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Configuration;

/// <summary>When an API is left alone because it fails.</summary>
internal sealed record BreakerConfiguration
{
    public static readonly BreakerConfiguration Default = new();

    /// <summary>So many failures in a row open it; at least 1.</summary>
    public int FailureThreshold { get; init; } = 5;

    /// <summary>The share of failures that opens it too; null for none.</summary>
    public Percentage? FailureShare { get; init; }

    /// <summary>How long it stays open before a few try.</summary>
    public TimeSpan RecoveryTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>So many successes in a row close it, and no more are tried at once before; at least 1.</summary>
    public int SuccessThreshold { get; init; } = 3;
}

/// <summary>That a second attempt is sent beside one that takes long.</summary>
/// <param name="After">How long the first one is waited for.</param>
internal sealed record HedgeConfiguration(HedgeAfter After);

/// <summary>When a second attempt is sent: at a quantile of the latency (<c>p95</c>), or after a time (<c>300ms</c>).</summary>
/// <param name="PerMille">The quantile in thousandths, 500 to 999; 0 where a time is given.</param>
/// <param name="Fixed">The time; zero where a quantile is given.</param>
internal readonly record struct HedgeAfter(int PerMille, TimeSpan Fixed)
{
    public const string Expects = "a quantile from \"p50\" to \"p99.9\", or a duration above zero, for example \"p95\" or \"300ms\"";

    public static readonly HedgeAfter Usual = new(950, TimeSpan.Zero);

    public static bool TryParse(ReadOnlySpan<char> text, out HedgeAfter value)
    {
        value = default;
        text = text.Trim();
        if (!text.StartsWith("p"))
        {
            var isTime = Duration.TryParse(text, out var time) && time > TimeSpan.Zero;
            value = new HedgeAfter(0, isTime ? time : TimeSpan.Zero);
            return isTime;
        }
        if (!decimal.TryParse(text[1..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) || percent is < 50 or > 99.9m || percent * 10 % 1 != 0)
            return false;
        value = new HedgeAfter((int)(percent * 10), TimeSpan.Zero);
        return true;
    }

    public override string ToString() => PerMille > 0 ? string.Create(CultureInfo.InvariantCulture, $"p{PerMille / 10m:0.#}") : Duration.Format(Fixed);
}

/// <summary>What follows from how an API is doing.</summary>
internal sealed record AdaptiveConfiguration
{
    public static readonly AdaptiveConfiguration Off = new();

    /// <summary>The rate, from errors and latency.</summary>
    public bool Rate { get; init; }

    /// <summary>How many are in flight at once, from the latency.</summary>
    public bool Concurrency { get; init; }

    /// <summary>The time an attempt has, from the latency.</summary>
    public bool Timeout { get; init; }

    /// <summary>Rate and concurrency, from what this machine has left.</summary>
    public bool Resources { get; init; }

    /// <summary>The rate that is never exceeded by adapting; null for none.</summary>
    public Limit? Ceiling { get; init; }
}

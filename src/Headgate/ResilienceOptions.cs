namespace Headgate;

/// <summary>A part of an API with limits of its own.</summary>
public sealed class RouteOptions : SettingsGroup
{
    /// <summary>The paths below the base address that belong to it: <c>*</c> stands for one segment, <c>**</c> for any number. <c>/**</c> by default.</summary>
    public string? Match { get => Get<string>(); set => Set(value); }

    /// <summary>The methods that belong to it, in capital letters. All by default.</summary>
    public IList<string>? Methods { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>Its limits, beside those of the API. Must be given.</summary>
    public IList<string>? Limits { get => Get<IList<string>>(); set => Set(value); }
}

/// <summary>An answer that is a refusal by limit although its status does not say so.</summary>
public sealed class ThrottledOptions : SettingsGroup
{
    /// <summary>Its status, or a class such as <c>2xx</c>. 200 by default.</summary>
    public string? Status { get => Get<string>(); set => Set(value); }

    /// <summary>The JSON pointer to what tells it in the body, for example <c>/errors/0/extensions/code</c>. Must be given.</summary>
    public string? Pointer { get => Get<string>(); set => Set(value); }

    /// <summary>What stands there then. Must be given.</summary>
    public new string? Equals { get => Get<string>(); set => Set(value); }
}

/// <summary>When an API is left alone for a while because it fails.</summary>
public sealed class BreakerOptions : SettingsGroup
{
    /// <summary>So many failures in a row open it, from 1. 5 by default.</summary>
    public int? FailureThreshold { get => Get<int?>(); set => Set(value); }

    /// <summary>This share of failures, of at least 20 calls within 30 s, opens it too; above 0, to 1. None by default.</summary>
    public double? FailureShare { get => Get<double?>(); set => Set(value); }

    /// <summary>How long it stays open before a few requests try; more than zero. 60 s by default.</summary>
    public TimeSpan? RecoveryTimeout { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>So many successes in a row close it, from 1 to 1,000; no more are tried at once before. 3 by default.</summary>
    public int? SuccessThreshold { get => Get<int?>(); set => Set(value); }

    /// <summary>There is none: the API is never left alone.</summary>
    public void TurnOff() => Word = "off";
}

/// <summary>That a second attempt is sent beside one that takes long.</summary>
public sealed class HedgeOptions : SettingsGroup
{
    /// <summary>How long the first is waited for: a quantile of the latency such as <c>p95</c>, or a duration such as <c>300ms</c>. Must be given for any hedging.</summary>
    public string? After { get => Get<string>(); set => Set(value); }
}

/// <summary>What follows from how an API is doing.</summary>
public sealed class AdaptiveOptions : SettingsGroup
{
    /// <summary>Whether the rate falls when errors or latency rise, and rises again when all is well. False by default.</summary>
    public bool? Rate { get => Get<bool?>(); set => Set(value); }

    /// <summary>Whether as many requests are in flight as the latency shows the API can take. False by default.</summary>
    public bool? Concurrency { get => Get<bool?>(); set => Set(value); }

    /// <summary>Whether an attempt is given up after three times the 99th percentile of the latency, if that is sooner than its timeout. False by default.</summary>
    public bool? Timeout { get => Get<bool?>(); set => Set(value); }

    /// <summary>Whether less is sent while this machine is short of processor or memory. False by default.</summary>
    public bool? Resources { get => Get<bool?>(); set => Set(value); }

    /// <summary>The rate that adapting never goes above, for example <c>100/s</c>. None by default.</summary>
    public string? Ceiling { get => Get<string>(); set => Set(value); }
}

/// <summary>What is put in the way of requests.</summary>
public sealed class ChaosOptions : SettingsGroup
{
    /// <summary>The share of attempts answered with an error in place of the API: <c>2%</c> (503) or <c>500 2%</c>. None by default.</summary>
    public string? Errors { get => Get<string>(); set => Set(value); }

    /// <summary>By how much attempts are delayed, and which share of them: <c>200ms 10%</c>. None by default.</summary>
    public string? Latency { get => Get<string>(); set => Set(value); }

    /// <summary>The share of attempts whose connection breaks, from 0 to 1. 0 by default.</summary>
    public double? Resets { get => Get<double?>(); set => Set(value); }
}

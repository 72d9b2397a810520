namespace Headgate;

/// <summary>A pool of proxies: where they come from, how one is chosen, and the limits that each exit has at each API.</summary>
public sealed class ProxyPoolOptions : SettingsGroup
{
    /// <summary>Where the proxies come from: <c>file:PATH</c>, relative to the working directory, or an address that answers <c>{"proxies": [{"url", "country"}]}</c>; at least one.</summary>
    public IList<string>? From { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>How often that is read anew; more than zero. 60 s by default.</summary>
    public TimeSpan? Poll { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>Which of those that are free a request goes through: <c>least-used</c> (default), <c>round-robin</c>, <c>fastest</c>, <c>geo</c> or <c>sticky</c>.</summary>
    public string? Choose { get => Get<string>(); set => Set(value); }

    /// <summary>The limits of each exit, at each API that is reached through it: of requests, for example <c>["5/s"]</c>. None by default.</summary>
    public IList<string>? Limits { get => Get<IList<string>>(); set => Set(value); }

    /// <summary>The address of what is fetched through a proxy that is new or has failed, to see whether it works. Nothing by default.</summary>
    public string? Probe { get => Get<string>(); set => Set(value); }

    /// <summary>Whom connections to proxies of <c>https://</c> trust.</summary>
    public ProxyTlsOptions Tls { get => Group<ProxyTlsOptions>(); set => Set(value); }
}

/// <summary>Whom connections to proxies of <c>https://</c> trust.</summary>
public sealed class ProxyTlsOptions : SettingsGroup
{
    /// <summary>A PEM file of certificates that are trusted instead of those of the system: <c>file:PATH</c>.</summary>
    public string? Ca { get => Get<string>(); set => Set(value); }
}

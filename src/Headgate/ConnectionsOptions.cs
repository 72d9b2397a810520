namespace Headgate;

/// <summary>How connections to an API are made and kept.</summary>
public sealed class ConnectionsOptions : SettingsGroup
{
    /// <summary>The most connections in use at once, from 1 to 1,000,000; requests beyond them wait for their turn. No such limit by default.</summary>
    public int? PerHost { get => Get<int?>(); set => Set(value); }

    /// <summary>How long an unused connection is kept; zero or more. 30 s by default.</summary>
    public TimeSpan? IdleTimeout { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>How long a connection is used at most, so that the name is looked up again; more than zero. 10 min by default.</summary>
    public TimeSpan? Lifetime { get => Get<TimeSpan?>(); set => Set(value); }

    /// <summary>The versions of HTTP: <c>1.1</c>, <c>1.1,2</c> (default), <c>2</c> (also over http://), <c>1.1,2,3</c>.</summary>
    public string? Http { get => Get<string>(); set => Set(value); }

    /// <summary>Whether answers are asked for packed and unpacked on the way in. False by default.</summary>
    public bool? Decompress { get => Get<bool?>(); set => Set(value); }
}

/// <summary>Whom connections trust, and as whom they are made.</summary>
public sealed class TlsOptions : SettingsGroup
{
    /// <summary>A PEM file of certificates that are trusted instead of those of the system: <c>file:PATH</c>.</summary>
    public string? Ca { get => Get<string>(); set => Set(value); }

    /// <summary>The certificate we show, with its key: <c>file:PATH</c> of a .pfx file, or of a PEM file with both.</summary>
    public string? ClientCertificate { get => Get<string>(); set => Set(value); }

    /// <summary>Where the password of the client certificate is: <c>env:NAME</c> or <c>file:PATH</c>.</summary>
    public string? Password { get => Get<string>(); set => Set(value); }
}

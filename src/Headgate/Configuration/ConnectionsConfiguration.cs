using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>How connections to an API are made and kept, and how many. The initial values are the defaults.</summary>
internal sealed record ConnectionsConfiguration
{
    public static readonly ConnectionsConfiguration Default = new();

    /// <summary>The most in use at once; null where only the concurrency of the API bounds them.</summary>
    public int? PerHost { get; init; }

    /// <summary>
    /// How long an unused one is kept: shorter than the usual 60 and 75 s of balancers and servers, since a request that meets their close
    /// is lost, and a POST among them cannot be sent again. A server's own <c>Keep-Alive: timeout</c> is kept to anyway.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one is used at most, so that changes of names are noticed.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);

    public HttpVersions Http { get; init; } = HttpVersions.Http11And2;

    /// <summary>Whether answers are unpacked on the way in; null for what is usual where they are taken: a run unpacks, a gateway passes on.</summary>
    public bool? Decompress { get; init; }

    /// <summary>
    /// The limit in the gate that keeps to <see cref="PerHost"/>, for one engine; null for none. Over HTTP/1.1 each request in flight has a
    /// connection of its own; over HTTP/2 several share one, so that there are fewer.
    /// </summary>
    public ConcurrencyCap? Cap() => CapOf(PerHost);

    /// <summary>The same for any number of connections.</summary>
    public static ConcurrencyCap? CapOf(int? most) => most is { } given ? ConcurrencyCap.OfConnections(given) : null;
}

/// <summary>Whom connections to an API trust, and as whom they are made. That certificates are verified cannot be turned off.</summary>
internal sealed record TlsConfiguration
{
    public static readonly TlsConfiguration Default = new();

    /// <summary><c>file:</c> and the absolute path of the certificates that are trusted instead of the system's; null for those.</summary>
    public string? Ca { get; init; }

    /// <summary><c>file:</c> and the absolute path of our own certificate with its key; null for none.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>Where its password is: <c>env:NAME</c>, or <c>file:</c> and an absolute path; null if it has none.</summary>
    public string? Password { get; init; }
}

/// <summary>Which versions of HTTP a connection may speak.</summary>
internal enum HttpVersions
{
    /// <summary>HTTP/1.1 only.</summary>
    Http11,

    /// <summary>HTTP/2 where TLS negotiates it, else HTTP/1.1.</summary>
    Http11And2,

    /// <summary>HTTP/2 only; without TLS by prior knowledge (RFC 9113 §3.3).</summary>
    Http2,

    /// <summary>As <see cref="Http11And2"/>, and HTTP/3 where a server has announced it (Alt-Svc).</summary>
    Http11To3,
}

/// <summary>How versions of HTTP are written in the configuration.</summary>
internal static class HttpVersionNames
{
    public const string Expects = "a choice of HTTP versions: \"1.1\", \"1.1,2\", \"2\" or \"1.1,2,3\"";

    private static readonly string[] Names = ["1.1", "1.1,2", "2", "1.1,2,3"];

    public static string Of(HttpVersions versions) => Names[(int)versions];

    public static bool TryParse(string text, out HttpVersions versions)
    {
        var at = Array.IndexOf(Names, text);
        versions = (HttpVersions)Math.Max(0, at);
        return at >= 0;
    }
}

using System.Globalization;
using Headgate.Time;

namespace Headgate.Configuration;

/// <summary>What answers are kept for.</summary>
internal enum CacheMode
{
    /// <summary>None are.</summary>
    Off,

    /// <summary>A cache as a browser has one (RFC 9111, private): answers of different credentials are kept apart.</summary>
    Http,

    /// <summary>One for many (RFC 9111, shared): what is private is not kept.</summary>
    Shared,

    /// <summary>Every 200 to a GET is kept for a fixed time, for APIs that say nothing.</summary>
    Ttl,
}

/// <summary>Which answers of an API are kept.</summary>
/// <param name="Mode">How.</param>
/// <param name="Ttl">Seconds, with <see cref="CacheMode.Ttl"/>.</param>
internal sealed record CacheConfiguration(CacheMode Mode, long Ttl = 0)
{
    public const string Expects = "a cache: \"off\", \"http\", \"shared\" or \"ttl=300\" (1 s to 366 days)";

    public static readonly CacheConfiguration Off = new(CacheMode.Off);

    /// <summary>What <c>serve</c> has unless told otherwise.</summary>
    public static readonly CacheConfiguration Http = new(CacheMode.Http);

    /// <summary>Fields with directives for caches like this one (RFC 9213), the first first.</summary>
    public ValueList<string> Targets { get; init; } = Mode == CacheMode.Shared ? ["CDN-Cache-Control"] : [];

    /// <summary>Reads <c>off</c>, <c>http</c>, <c>shared</c>, and <c>ttl=300</c> or <c>ttl=5m</c>.</summary>
    public static CacheConfiguration? Read(string text) => text switch
    {
        "off" => Off,
        "http" => Http,
        "shared" => new(CacheMode.Shared),
        _ when text.StartsWith("ttl=", StringComparison.Ordinal) => OfTtl(text[4..]),
        _ => null,
    };

    /// <summary>The mode with a lifetime; null if that is none of a second to a year.</summary>
    public static CacheConfiguration? OfTtl(string text) =>
        Duration.TryParse(text, out var span) && span >= TimeSpan.FromSeconds(1) && span <= TimeSpan.FromDays(366) ? new(CacheMode.Ttl, (long)span.TotalSeconds) : null;

    public override string ToString() => Mode == CacheMode.Ttl ? string.Create(CultureInfo.InvariantCulture, $"ttl={Ttl}") : Mode.ToString().ToLowerInvariant();
}

using System.Text.Json;
using Headgate.Limits;

namespace Headgate.Configuration;

/// <summary>The part of <see cref="Settings"/> that is about pools of proxies.</summary>
internal static class ProxySettings
{
    /// <summary>In the order of <see cref="ProxyChoice"/>.</summary>
    private static readonly string[] Names = ["least-used", "round-robin", "fastest", "geo", "sticky"];

    private static readonly Scalar<string> Source = new(
        "proxySource", "where proxies come from: \"file:PATH\", \"store:POOL\", or the http:// or https:// address of a list", """{ "type": "string", "pattern": "^(file:.|store:.|https?://.)" }""", ReadSource);

    private static readonly Scalar<ProxyChoice> ChoiceScalar = new(
        "proxyChoice", "\"least-used\", \"round-robin\", \"fastest\", \"geo\" or \"sticky\"", """{ "enum": ["least-used", "round-robin", "fastest", "geo", "sticky"] }""", ReadChoice);

    private static readonly Scalar<string> ProbeScalar = new(
        "probe", "the http:// or https:// address of something small", """{ "type": "string", "pattern": "^https?://." }""", ReadProbe);

    private static readonly Scalar<Limit> LimitScalar = new(
        "proxyLimit", "a limit of requests, for example \"5/s\"", """{ "type": "string", "minLength": 1, "examples": ["5/s", "10 concurrent"] }""", ReadLimit);

    public static readonly ListOf<string> FromShape = new(Source, 1);
    public static readonly Setting From = new("from", FromShape, "Where the proxies come from: \"file:PATH\" (relative to this file), \"store:POOL\" (headgate proxies add), or an address that answers {\"proxies\": [{\"url\", \"country\"}]}.");
    public static readonly Setting<TimeSpan> Poll = new("poll", Scalars.PositiveDuration, "How often that is read anew.", "60");
    public static readonly Setting<ProxyChoice> Choose = new("choose", ChoiceScalar, "Which of those that are free a request goes through.", "\"least-used\"");
    public static readonly ListOf<Limit> LimitsShape = new(LimitScalar);
    public static readonly Setting Limits = new("limits", LimitsShape, "The limits of each exit, at each API that is reached through it.", "[]");
    public static readonly Setting<string> Probe = new("probe", ProbeScalar, "What is fetched through a proxy that is new or has failed, to see whether it works.");

    public static readonly Setting<string> Ca = new(
        "ca", Scalars.FileSource, "A PEM file of certificates by which proxies of https:// are trusted instead of those of the system: \"file:PATH\" (relative to this file).");
    public static readonly Setting Tls = new("tls", new Group([Ca]), "Whom connections to proxies of https:// trust.");

    public static readonly Group Shape = new([From, Poll, Choose, Limits, Probe, Tls], ["from"]);

    public static readonly Setting Pools = new(
        "proxies",
        new Map(Shape, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", Settings.Upstream.IsName, "1 to 64 letters, digits, dots, hyphens or underscores, the first a letter or digit"),
        "Pools of proxies by name.");

    /// <summary>The word for no pool, where all others have one.</summary>
    public const string None = "none";

    public static readonly Setting<string> OfPolicy = new("proxies", Scalars.Text, "The pool of proxies through which the API is reached; \"none\" for none.", $"\"{None}\"");

    private static bool ReadSource(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text ?? "", null);
        return node.Kind == JsonValueKind.String && (Scalars.IsAfter("file:", value) || Scalars.IsAfter(Scalars.FromStore, value) || IsWeb(value));
    }

    private static bool ReadProbe(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text ?? "", null);
        return node.Kind == JsonValueKind.String && IsWeb(value);
    }

    private static bool ReadChoice(ConfigurationNode node, out ProxyChoice value, out string? problem)
    {
        problem = null;
        var name = node.Kind == JsonValueKind.String ? node.Text : null;
        var index = Array.IndexOf(Names, name);
        value = index < 0 ? default : (ProxyChoice)index;
        return index >= 0;
    }

    /// <summary>What a strategy is called.</summary>
    public static string NameOf(ProxyChoice choice) => Names[(int)choice];

    private static bool ReadLimit(ConfigurationNode node, out Limit value, out string? problem)
    {
        var isLimit = Limit.TryParse(node.Kind == JsonValueKind.String ? node.Text : null, out var limit, out problem);
        value = limit!;
        problem = isLimit ? FindFault(value) : problem;
        return problem is null;
    }

    /// <summary>Why a limit cannot be that of a proxy; null if it can.</summary>
    public static string? FindFault(Limit limit) => limit.Unit == Limit.Requests ? null
        : $"\"{limit}\" counts {limit.Unit}, and what goes through a proxy is counted in requests; write for example \"5/s\"";

    private static bool IsWeb(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Host.Length: > 0 };
}

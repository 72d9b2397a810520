using System.Globalization;
using System.Text.Json;
using Headgate.Keys;
using Headgate.Limits;
using Headgate.Time;

namespace Headgate.Configuration;

/// <summary>The single values of the configuration, each with its reader, its words for errors and its JSON schema.</summary>
internal static class Scalars
{
    private const string DurationSchema =
        """{ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*(ms|s|m|min|h|d)?\\s*$" }], "examples": [30, "250ms", "2h"] }""";

    public static readonly Scalar<string> Text = new("text", "a text", """{ "type": "string" }""", ReadText);

    public static readonly Scalar<TimeSpan> Duration = new(
        "duration", "a duration: a number of seconds, or a number with ms, s, m, h or d, for example 30 or \"250ms\"", DurationSchema,
        ReadDuration);

    public static readonly Scalar<TimeSpan> PositiveDuration = new(
        "positiveDuration", "a duration above zero, for example 30 or \"250ms\"",
        DurationSchema.Replace("\"minimum\"", "\"exclusiveMinimum\"", StringComparison.Ordinal), ReadPositiveDuration);

    public static readonly Scalar<TimeSpan?> OptionalDuration = new(
        "optionalDuration", "a duration above zero, or null for none",
        """{ "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/positiveDuration" }] }""", ReadOptionalDuration);

    public static readonly Scalar<long> Size = new(
        "size", ByteSize.Expects,
        """{ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*([kKmMgGtT]?[bB]|[kKmMgGtT][iI][bB])?\\s*$" }], "examples": ["16MiB"] }""",
        (ConfigurationNode node, out long value, out string? problem) => ReadNumberOrText(node, ByteSize.TryParse, out value, out problem));

    public static readonly Scalar<Percentage> Share = new(
        "share", Percentage.Expects,
        """{ "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" }], "examples": ["60%", 0.6] }""",
        (ConfigurationNode node, out Percentage value, out string? problem) => ReadNumberOrText(node, Percentage.TryParse, out value, out problem));

    public static readonly Scalar<Percentage?> OptionalShare = new(
        "optionalShare", "a share above zero, for example \"50%\", or null for none",
        """{ "anyOf": [{ "type": "null" }, { "type": "number", "exclusiveMinimum": 0, "maximum": 1 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" }], "examples": ["50%", 0.5] }""",
        ReadOptionalShare);

    public static readonly Scalar<HedgeAfter> HedgeAfter = new(
        "hedgeAfter", Configuration.HedgeAfter.Expects,
        """{ "anyOf": [{ "$ref": "#/$defs/positiveDuration" }, { "type": "string", "pattern": "^p[0-9]{2}([.][0-9])?$" }], "examples": ["p95", "300ms"] }""",
        (ConfigurationNode node, out HedgeAfter value, out string? problem) => ReadNumberOrText(node, Configuration.HedgeAfter.TryParse, out value, out problem));

    public static readonly Scalar<ChaosErrors> ChaosErrors = new(
        "chaosErrors", Configuration.ChaosErrors.Expects,
        """{ "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1 }, { "type": "string", "pattern": "^\\s*([2-5][0-9]{2}\\s+)?[0-9.]+\\s*%\\s*$" }], "examples": ["2%", "503 2%"] }""",
        (ConfigurationNode node, out ChaosErrors value, out string? problem) => ReadNumberOrText(node, Configuration.ChaosErrors.TryParse, out value, out problem));

    public static readonly Scalar<ChaosLatency> ChaosLatency = new(
        "chaosLatency", Configuration.ChaosLatency.Expects,
        """{ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": "^\\s*[0-9.]+\\s*(ms|s|m|min|h|d)?(\\s+[0-9.]+\\s*%)?\\s*$" }], "examples": ["200ms 10%", "1s"] }""",
        (ConfigurationNode node, out ChaosLatency value, out string? problem) => ReadNumberOrText(node, Configuration.ChaosLatency.TryParse, out value, out problem));

    public static readonly Scalar<StatusRange> Status = new(
        "status", StatusRange.Expects,
        """{ "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^[1-5](xx|XX|[0-9]{2})$" }], "examples": [408, "5xx"] }""",
        (ConfigurationNode node, out StatusRange value, out string? problem) => ReadNumberOrText(node, StatusRange.TryParse, out value, out problem));

    public static readonly Scalar<bool> Flag = new("flag", "true or false", """{ "type": "boolean" }""", ReadFlag);

    public static readonly Scalar<Limit> Limit = new(
        "limit", "a limit, for example \"100/s\"",
        """{ "type": "string", "minLength": 1, "examples": ["100/s", "90000 tokens/min", "40 bucket 2/s", "10 concurrent", "200/s burst=20"] }""",
        ReadLimit);

    public static readonly Scalar<TimingChoice> Timing = new(
        "timing", TimingChoice.Expects,
        """{ "type": "string", "pattern": "^(guaranteed|nominal|bounded(:.+)?)$" }""",
        (ConfigurationNode node, out TimingChoice value, out string? problem) => ReadString(node, TimingChoice.TryParse, out value, out problem));

    public static readonly Scalar<KeyChoice> Choice = new(
        "keyChoice", "\"soonest\" or \"sticky\"", """{ "enum": ["soonest", "sticky"] }""", ReadChoice);

    public static readonly Scalar<KeyTemplate> Template = new(
        "keyTemplate", KeyTemplate.Expects, """{ "type": "string", "pattern": "^[^{]+[:=].*\\{key\\}" }""", ReadTemplate);

    /// <summary>Before the name of a pool of the encrypted store.</summary>
    public const string FromStore = "store:";

    public static readonly Scalar<string> KeySource = new(
        "keySource", "where a key comes from: \"env:NAME\", \"file:PATH\" or \"store:POOL\"", """{ "type": "string", "pattern": "^(env|file|store):." }""",
        ReadKeySource);

    public static readonly Scalar<string> FileSource = new(
        "fileSource", "a file: \"file:PATH\"", """{ "type": "string", "pattern": "^file:." }""", ReadFileSource);

    public static readonly Scalar<string> SecretSource = new(
        "secretSource", "where a secret is: \"env:NAME\" or \"file:PATH\"", """{ "type": "string", "pattern": "^(env|file):." }""", ReadSecretSource);

    public static readonly Scalar<HttpVersions> HttpVersions = new(
        "httpVersions", HttpVersionNames.Expects, """{ "enum": ["1.1", "1.1,2", "2", "1.1,2,3"] }""", ReadHttpVersions);

    public static readonly Scalar<string> UserAgent = new(
        "userAgent", "a User-Agent: 1 to 500 printable ASCII characters, for example \"acme-sync/2.1 (+https://acme.example)\"",
        """{ "type": "string", "pattern": "^[!-~]([ -~]{0,498}[!-~])?$" }""", ReadUserAgent);

    public static readonly Scalar<UpstreamBase> Base = new(
        "base", "a base address", """{ "type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^?#]+$" }""", ReadBase);

    public static readonly Scalar<string> Pointer = new(
        "jsonPointer", "a JSON pointer, for example \"/usage/total_tokens\"", """{ "type": "string", "pattern": "^(/([^~]|~[01])*)$" }""",
        ReadPointer);

    public static readonly Scalar<RoutePattern> Route = new(
        "route", RoutePattern.Expects, """{ "type": "string", "pattern": "^/[^?#]*$", "examples": ["/search/**"] }""", ReadRoute);

    public static readonly Scalar<string> Method = new(
        "method", "a method in capital letters, for example \"POST\"", """{ "type": "string", "pattern": "^[A-Z][A-Z0-9-]*$" }""", ReadMethod);

    /// <summary>A whole number within a range.</summary>
    public static Scalar<long> Whole(long least, long most, string? expects = null) => new(
        $"from{least}to{most}",
        expects ?? $"a whole number from {least} to {most}",
        $$"""{ "type": "integer", "minimum": {{least}}, "maximum": {{most}} }""",
        (ConfigurationNode node, out long value, out string? problem) =>
        {
            (value, problem) = (0, null);
            return (node.Kind == JsonValueKind.Number || node.IsLoose)
                && long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
                && value >= least && value <= most;
        });

    private delegate bool SpanParser<T>(ReadOnlySpan<char> text, out T value);

    private delegate bool TextParser<T>(string text, out T value);

    private static bool ReadNumberOrText<T>(ConfigurationNode node, SpanParser<T> parse, out T value, out string? problem)
        where T : struct
    {
        (value, problem) = (default, null);
        return node.Kind is JsonValueKind.Number or JsonValueKind.String && parse(node.Text, out value);
    }

    private static bool ReadString<T>(ConfigurationNode node, TextParser<T> parse, out T value, out string? problem)
        where T : struct
    {
        (value, problem) = (default, null);
        return node.Kind == JsonValueKind.String && parse(node.Text, out value);
    }

    private static bool ReadText(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        return node.Kind == JsonValueKind.String;
    }

    private static bool ReadDuration(ConfigurationNode node, out TimeSpan value, out string? problem) =>
        ReadNumberOrText(node, Headgate.Time.Duration.TryParse, out value, out problem);

    private static bool ReadPositiveDuration(ConfigurationNode node, out TimeSpan value, out string? problem) =>
        ReadDuration(node, out value, out problem) && value > TimeSpan.Zero;

    private static bool ReadOptionalDuration(ConfigurationNode node, out TimeSpan? value, out string? problem)
    {
        (value, problem) = (null, null);
        if (node.Kind == JsonValueKind.Null || (node.IsLoose && node.Text == "null"))
            return true;
        if (!ReadPositiveDuration(node, out var given, out problem))
            return false;
        value = given;
        return true;
    }

    private static bool ReadOptionalShare(ConfigurationNode node, out Percentage? value, out string? problem)
    {
        (value, problem) = (null, null);
        if (node.Kind == JsonValueKind.Null || (node.IsLoose && node.Text == "null"))
            return true;
        if (!Share.TryRead(node, out var given) || given.BasisPoints == 0)
            return false;
        value = given;
        return true;
    }

    private static bool ReadFlag(ConfigurationNode node, out bool value, out string? problem)
    {
        problem = null;
        value = node.Kind == JsonValueKind.True || (node.IsLoose && node.Text is "true");
        return node.Kind is JsonValueKind.True or JsonValueKind.False || (node.IsLoose && node.Text is "true" or "false");
    }

    private static bool ReadLimit(ConfigurationNode node, out Limit value, out string? problem)
    {
        (value, problem) = (null!, null);
        if (node.Kind == JsonValueKind.String && node.Text is Settings.Policy.None or Settings.Policy.Learn)
        {
            problem = node.Text == Settings.Policy.None ? $"{node.Shown} is no limit: leave the list away, or write [], for none" : $"{node.Shown} is no limit: what is learned is learned of an API as a whole; leave it away here";
            return false;
        }
        if (node.Kind != JsonValueKind.String || !Headgate.Limits.Limit.TryParse(node.Text, out var limit, out problem))
            return false;
        value = limit!;
        return true;
    }

    private static bool ReadChoice(ConfigurationNode node, out KeyChoice value, out string? problem)
    {
        problem = null;
        value = node.Text == "sticky" ? KeyChoice.Sticky : KeyChoice.Soonest;
        return node.Kind == JsonValueKind.String && node.Text is "soonest" or "sticky";
    }

    private static bool ReadTemplate(ConfigurationNode node, out KeyTemplate value, out string? problem)
    {
        (value, problem) = (KeyTemplate.Bearer, "the value is not " + KeyTemplate.Expects);
        if (node.Kind != JsonValueKind.String || !KeyTemplate.TryParse(node.Text, out var template, out problem))
            return false;
        value = template;
        return true;
    }

    // Whoever writes the key itself here must not find it in an error message.
    private static bool ReadKeySource(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, "a source of keys is \"env:NAME\", \"file:PATH\" or \"store:POOL\" (headgate keys add POOL); the key itself does not belong here");
        return node.Kind == JsonValueKind.String && (IsAfter("env:", value) || IsAfter("file:", value) || IsAfter(FromStore, value));
    }

    private static bool ReadSecretSource(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, "a password is named by \"env:NAME\" or \"file:PATH\"; itself it does not belong here");
        return node.Kind == JsonValueKind.String && (IsAfter("env:", value) || IsAfter("file:", value));
    }

    private static bool ReadFileSource(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        return node.Kind == JsonValueKind.String && IsAfter("file:", value);
    }

    // Neither a path nor the name of a variable may have a null in it: the runtime throws at one.
    internal static bool IsAfter(string scheme, string source) => source.Length > scheme.Length && source.StartsWith(scheme, StringComparison.Ordinal) && !source.Contains('\0', StringComparison.Ordinal);

    private static bool ReadHttpVersions(ConfigurationNode node, out HttpVersions value, out string? problem)
    {
        (value, problem) = (default, null);
        return node.Kind == JsonValueKind.String && HttpVersionNames.TryParse(node.Text, out value);
    }

    private static bool ReadUserAgent(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        return node.Kind == JsonValueKind.String && value.Length is > 0 and <= 500
            && !value.AsSpan().ContainsAnyExceptInRange(' ', '~') && value[0] != ' ' && value[^1] != ' ';
    }

    private static bool ReadBase(ConfigurationNode node, out UpstreamBase value, out string? problem)
    {
        (value, problem) = (default, null);
        if (node.Kind != JsonValueKind.String || UpstreamBase.TryParse(node.Text, out value, out var fault))
            return node.Kind == JsonValueKind.String;
        problem = $"the base address {fault}"; // Not shown: it may hold a password.
        return false;
    }

    private static bool ReadPointer(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        if (node.Kind != JsonValueKind.String || !value.StartsWith('/'))
            return false;
        for (var at = value.IndexOf('~', StringComparison.Ordinal); at >= 0; at = value.IndexOf('~', at + 1))
            if (at + 1 == value.Length || value[at + 1] is not ('0' or '1'))
                return false;
        return true;
    }

    private static bool ReadRoute(ConfigurationNode node, out RoutePattern value, out string? problem)
    {
        (value, problem) = (RoutePattern.All, null);
        return node.Kind == JsonValueKind.String && RoutePattern.TryParse(node.Text, out value, out problem);
    }

    private static bool ReadMethod(ConfigurationNode node, out string value, out string? problem)
    {
        (value, problem) = (node.Text, null);
        return node.Kind == JsonValueKind.String && value.Length > 0 && char.IsAsciiLetterUpper(value[0])
            && value.All(letter => char.IsAsciiLetterUpper(letter) || char.IsAsciiDigit(letter) || letter == '-');
    }
}

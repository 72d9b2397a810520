using System.Text.Json;
using Microsoft.Extensions.Logging;
using static Headgate.Configuration.ConfigurationBinder;

namespace Headgate.Configuration;

/// <summary>The part of <see cref="Settings"/> that says what the service shows of itself: its groups <c>log</c> and <c>otlp</c>.</summary>
internal static class SeeingSettings
{
    public const string Grpc = "grpc";
    public const string Http = "http/protobuf";

    /// <summary>What is read of a body before its call asks for its turn.</summary>
    private const long MostOfBody = 64 << 10;

    /// <summary>The levels, and other words for some of them, which other programs use.</summary>
    private static readonly Dictionary<string, LogLevel> Levels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["trace"] = LogLevel.Trace,
        ["debug"] = LogLevel.Debug,
        ["information"] = LogLevel.Information,
        ["info"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["warn"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
        ["critical"] = LogLevel.Critical,
        ["fatal"] = LogLevel.Critical,
        ["none"] = LogLevel.None,
    };

    internal static class Log
    {
        public static readonly Setting<LogLevel> Level = new("level", LevelShape(), "What is logged at least.", "\"information\"");
        public static readonly Setting<LogFormat> Format = new(
            "format",
            new Scalar<LogFormat>("logFormat", "auto, text or json", """{ "enum": ["auto", "text", "json"] }""", static (ConfigurationNode node, out LogFormat value, out string? problem) =>
            {
                (value, problem) = (LogFormat.Auto, null);
                return node.Kind == JsonValueKind.String && node.Text is "auto" or "text" or "json" && Enum.TryParse(node.Text, ignoreCase: true, out value);
            }),
            "How it is written: text for a terminal and for the journal and JSON for all else (auto), or always the one.", "\"auto\"");
        public static readonly Setting<bool> Steps = new("steps", Scalars.Flag, "Whether each step of each request is a line, with microseconds.", "false");

        public static readonly Setting<Recorded> Record = new(
            "record",
            new Scalar<Recorded>("recorded", "off, errors or all", """{ "enum": ["off", "errors", "all"] }""", static (ConfigurationNode node, out Recorded value, out string? problem) =>
            {
                problem = null;
                value = node.Text switch { "errors" => Recorded.Errors, "all" => Recorded.All, _ => Recorded.None };
                return node.Kind == JsonValueKind.String && node.Text is "off" or "errors" or "all";
            }),
            "Which calls that pass through are recorded: none, those that fail, or all.", "\"off\"");
        public static readonly Setting<long> Bodies = new("bodies", Scalars.Size, "How much of each body is recorded, at most 64KiB.", "0");
        public static readonly Setting Requests = new("requests", new Group([Record, Bodies]), "Calls through gateway and forward proxy, recorded to be searched.");

        public static readonly Group Shape = new([Level, Format, Steps, Requests]);

        private static Scalar<LogLevel> LevelShape() => new(
            "logLevel", "a level: trace, debug, information, warning, error, critical or none", $$"""{ "enum": [{{string.Join(", ", Levels.Keys.Select(word => $"\"{word}\""))}}] }""",
            static (ConfigurationNode node, out LogLevel value, out string? problem) =>
            {
                (value, problem) = (LogLevel.Information, null);
                return node.Kind == JsonValueKind.String && Levels.TryGetValue(node.Text, out value);
            });
    }

    internal static class Otlp
    {
        public static readonly Setting<Uri> Endpoint = new(
            "endpoint",
            new Scalar<Uri>("collector", "the address of a collector, for example \"http://127.0.0.1:4318\"", """{ "type": "string", "pattern": "^[hH][tT][tT][pP][sS]?://[^?#]+$" }""", static (ConfigurationNode node, out Uri value, out string? problem) =>
            {
                problem = null;
                return Uri.TryCreate(node.Text, UriKind.Absolute, out value!) && node.Kind == JsonValueKind.String && value is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" };
            }),
            "Where traces and metrics go; nowhere if neither this nor OTEL_EXPORTER_OTLP_ENDPOINT says.");
        public static readonly Setting<string> Protocol = new(
            "protocol",
            new Scalar<string>("otlpProtocol", $"\"{Http}\" or \"{Grpc}\"", $$"""{ "enum": ["{{Http}}", "{{Grpc}}"] }""", static (ConfigurationNode node, out string value, out string? problem) =>
            {
                (value, problem) = (node.Text, null);
                return node.Kind == JsonValueKind.String && value is Http or Grpc;
            }),
            $"How: \"{Http}\", which is the default, or \"{Grpc}\".");
        public static readonly Setting Headers = new(
            "headers", new Map(Scalars.SecretSource, "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", IsHeader, "the name of a header"),
            "Headers of each export, by name: where their values are (\"env:NAME\" or \"file:PATH\").");

        public static readonly Group Shape = new([Endpoint, Protocol, Headers]);

        private static bool IsHeader(string name) => name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || "!#$%&'*+.^_`|~-".Contains(letter, StringComparison.Ordinal));
    }

    public static readonly Setting LogGroup = new("log", Log.Shape, "What the service logs, and how.");
    public static readonly Setting OtlpGroup = new("otlp", Otlp.Shape, "Where the service sends traces and metrics.");

    public static LogConfiguration BindLog(ConfigurationNode? node) => new()
    {
        Level = Value(node, Log.Level, LogConfiguration.Default.Level),
        Format = Value(node, Log.Format, LogConfiguration.Default.Format),
        Steps = Value(node, Log.Steps, LogConfiguration.Default.Steps),
        Requests = new RecordingConfiguration
        {
            Record = Value(node?.Member(Log.Requests.Name), Log.Record, RecordingConfiguration.Default.Record),
            Bodies = Math.Min(MostOfBody, Value(node?.Member(Log.Requests.Name), Log.Bodies, RecordingConfiguration.Default.Bodies)),
        },
    };

    public static OtlpConfiguration BindOtlp(ConfigurationNode? node) => new()
    {
        Endpoint = Value(node, Otlp.Endpoint, null!),
        IsGrpc = Value(node, Otlp.Protocol, null!) switch { Grpc => true, Http => false, _ => null },
        Headers = [.. (node?.Member(Otlp.Headers.Name)?.Members ?? []).Select(header => (header.Name, header.Value.Text))],
    };
}

using System.Net;
using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>The single values that only the service has, as <see cref="Scalars"/> are.</summary>
internal static class ServiceScalars
{
    public static readonly Scalar<ListenUrl> Listen = new(
        "listenUrl", ListenUrl.Expects, """{ "type": "string", "pattern": "^\\s*([hH][tT][tT][pP][sS]?://)?[^/]+/?\\s*$", "examples": ["http://127.0.0.1:8015"] }""",
        static (ConfigurationNode node, out ListenUrl value, out string? problem) =>
        {
            (value, problem) = (ListenUrl.Usual, null);
            return node.Kind == JsonValueKind.String && ListenUrl.TryParse(node.Text, out value);
        });

    public static readonly Scalar<ListenUrl> MetricsListen = new(
        "metricsUrl", $"an address of this machine with a port, for example \"http://127.0.0.1:{ListenUrl.UsualMetricsPort}\"", Listen.Schema,
        static (ConfigurationNode node, out ListenUrl value, out string? problem) =>
        {
            (value, problem) = (ListenUrl.Usual, null);
            return node.Kind == JsonValueKind.String && ListenUrl.TryParse(node.Text, out value, ListenUrl.UsualMetricsPort) && value is { IsTls: false, Name: null };
        });

    /// <summary>As <see cref="Listen"/>, with a port of its own where none is given.</summary>
    public static readonly Scalar<ListenUrl> ProxyListen = new(
        "proxyUrl", $"an address of this machine with a port, for example \"http://127.0.0.1:{ListenUrl.UsualProxyPort}\"", """{ "type": "string", "pattern": "^\\s*([hH][tT][tT][pP][sS]?://)?[^/]+/?\\s*$", "examples": ["http://127.0.0.1:8016"] }""",
        static (ConfigurationNode node, out ListenUrl value, out string? problem) =>
        {
            (value, problem) = (ListenUrl.Usual, null);
            return node.Kind == JsonValueKind.String && ListenUrl.TryParse(node.Text, out value, ListenUrl.UsualProxyPort);
        });

    private static readonly System.Buffers.SearchValues<char> NotInHosts = System.Buffers.SearchValues.Create("/\\?#@ \t\r\n");

    /// <summary>A host of URLs: what goes to it by http:// can go by https://.</summary>
    public static readonly Scalar<string> HostAndPort = new(
        "hostAndPort", "a host, with a port or without, for example \"api.example.com\"", """{ "type": "string", "pattern": "^[^\\s/?#@\\\\]+$", "examples": ["api.example.com", "api.example.com:8443"] }""",
        static (ConfigurationNode node, out string value, out string? problem) =>
        {
            (value, problem) = (node.Text, null);
            return node.Kind == JsonValueKind.String && value.Length > 0 && !value.AsSpan().ContainsAny(NotInHosts)
                && Uri.TryCreate($"https://{value}/", UriKind.Absolute, out var url) && UrlHost.IsKnown(url) && url.AbsolutePath == "/";
        });

    public static readonly Scalar<string> Path = new(
        "path", "a path", """{ "type": "string", "minLength": 1 }""",
        static (ConfigurationNode node, out string value, out string? problem) =>
        {
            (value, problem) = (node.Text, null);
            // No path has a null in it: the runtime throws at one.
            return node.Kind == JsonValueKind.String && value.Length > 0 && !value.Contains('\0', StringComparison.Ordinal);
        });

    public static readonly Scalar<IPNetwork> Network = new(
        "network", AddressRange.Expects, """{ "type": "string", "pattern": "^[0-9a-fA-F.:]+(/[0-9]+)?$", "examples": ["10.1.2.3", "10.1.0.0/16", "fd00::/8"] }""",
        static (ConfigurationNode node, out IPNetwork value, out string? problem) =>
        {
            (value, problem) = (default, null);
            return node.Kind == JsonValueKind.String && AddressRange.TryParse(node.Text, out value, out problem);
        });

    public static readonly Scalar<JobPlace> Place = new(
        "jobPlace", JobPlace.Expects, """{ "type": "string", "pattern": "^(sqlite:.*|memory:)$", "examples": ["sqlite:", "memory:"] }""",
        static (ConfigurationNode node, out JobPlace value, out string? problem) =>
        {
            (value, problem) = (JobPlace.Sqlite, null);
            return node.Kind == JsonValueKind.String && JobPlace.TryParse(node.Text, out value, out problem);
        });

    public static readonly Scalar<long?> OptionalSize = new(
        "optionalSize", $"{ByteSize.Expects}, or null for none", """{ "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/size" }] }""",
        static (ConfigurationNode node, out long? value, out string? problem) =>
        {
            (value, problem) = (null, null);
            if (node.Kind == JsonValueKind.Null || (node.IsLoose && node.Text == "null"))
                return true;
            var isSize = Scalars.Size.TryRead(node, out var size);
            value = isSize ? size : null;
            return isSize;
        });

    public static readonly Scalar<Durability> Durable = new(
        "durable", "\"process\" or \"power\"", """{ "enum": ["process", "power"] }""",
        static (ConfigurationNode node, out Durability value, out string? problem) =>
        {
            (value, problem) = (node.Text == "power" ? Durability.Power : Durability.Process, null);
            return node.Kind == JsonValueKind.String && node.Text is "process" or "power";
        });

    public static readonly Scalar<BackpressureAct> BackpressureAct = new(
        "backpressureAct", "\"reject\", \"delay\" or \"drop_low_priority\"", """{ "enum": ["reject", "delay", "drop_low_priority"] }""",
        static (ConfigurationNode node, out BackpressureAct value, out string? problem) =>
        {
            problem = null;
            value = node.Text switch
            {
                "reject" => Configuration.BackpressureAct.Reject,
                "delay" => Configuration.BackpressureAct.Delay,
                "drop_low_priority" => Configuration.BackpressureAct.DropLowPriority,
                _ => Configuration.BackpressureAct.None,
            };
            return node.Kind == JsonValueKind.String && value != Configuration.BackpressureAct.None;
        });
}

using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.App.Operation;
using Headgate.App.Remote;
using Headgate.App.Secrets;
using Headgate.App.Security;
using Headgate.Configuration;
using Headgate.Connections;
using Headgate.Keys;

namespace Headgate.App.Commands;

/// <summary><c>headgate config check|show|schema</c>: is the configuration right, what does it say, and what could it say.</summary>
internal static class ConfigCommand
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var sight = new ConfigurationSight();
        return new Command("config", "Checks and shows the configuration.") { CreateCheck(sight), CreateShow(sight), CreateSchema() };
    }

    private static Command CreateCheck(ConfigurationSight sight)
    {
        var command = new Command("check", "Reads the configuration and its keys, and tells everything that is wrong.");
        sight.AddTo(command);
        command.SetAction(parse =>
        {
            var output = parse.InvocationConfiguration.Output;
            var (sources, reading) = sight.Read(parse);
            var errors = reading.Errors.ToList();
            var pools = reading.Configuration.ProxyPools.ToDictionary(pool => pool.Name, pool => Noting(errors, () => ApiSources.Describe(pool, ApiSources.ProxiesOf(pool).Count)));
            var lines = reading.Configuration.Upstreams.Select(upstream => Describe(upstream, sources, reading.Directory, errors) + DescribeWays(upstream, pools, errors)).ToList();
            var certificate = sight.SeesService(parse) ? DescribeCertificate(reading.Configuration.Serve.Access.Tls, errors) : null;
            if (errors.Count > 0)
                throw new ConfigurationException([.. errors.Distinct()]);
            output.WriteLine(reading.File is { } found ? $"{found} is valid" : $"no configuration found (looked at {string.Join(", ", reading.LookedAt)}); the defaults hold");
            if (reading.Configuration.TotalLimits is { Count: > 0 } total)
                output.WriteLine($"  all traffic: {string.Join(", ", total)}");
            output.WriteLine($"  every API: {DescribeLimits(reading.Configuration.Defaults)}, unless it says otherwise");
            lines.ForEach(output.WriteLine);
            if (certificate is not null)
                output.WriteLine(certificate);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateShow(ConfigurationSight sight)
    {
        var server = new ServerOptions("Write JSON.");
        var data = new Option<string?>("--data") { HelpName = "DIR", Description = "The directory of a service: with what was set while it ran." };
        var command = new Command("show", "Shows every value with the place it came from; with --server those of a service that runs.") { data };
        sight.AddTo(command);
        foreach (var option in server.All)
            command.Add(option);
        command.SetAction(async (parse, cancellation) =>
        {
            var shown = server.Names(parse) ? await ShownByAsync(server, parse, cancellation) : ShownHere(sight, parse, parse.GetValue(data));
            if (parse.GetValue(server.Json))
                parse.InvocationConfiguration.Output.WriteLine(shown.ToJsonString(Readable));
            else
                WriteTable(parse.InvocationConfiguration.Output, shown["values"]!.AsArray());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static JsonObject ShownHere(ConfigurationSight sight, ParseResult parse, string? data)
    {
        var (sources, reading) = sight.Read(parse);
        reading.OrThrow();
        if (data is not null)
        {
            reading = ConfigurationReader.Read(sources with { Flags = [.. sources.Flags, .. new OperatorFile(data).Read().Above(reading.Configuration)] });
            reading.OrThrow();
        }
        return ToJson(reading.File, ConfigurationListing.Of(reading.Root));
    }

    private static async Task<JsonObject> ShownByAsync(ServerOptions server, ParseResult parse, CancellationToken cancellation)
    {
        using var client = server.Open(parse);
        return await client.GetAsync("api/v1/config", cancellation) is { ValueKind: JsonValueKind.Object } shown && shown.TryGetProperty("values", out _) ? JsonObject.Create(shown)! : throw client.Stranger();
    }

    private static Command CreateSchema()
    {
        var command = new Command("schema", "Writes the JSON schema of headgate.json.");
        command.SetAction(parse =>
        {
            parse.InvocationConfiguration.Output.WriteLine(SchemaWriter.Write());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static string Describe(UpstreamConfiguration upstream, ConfigurationSources sources, string directory, List<ConfigurationError> errors)
    {
        var line = $"  {upstream.Name} ({string.Join(", ", upstream.Bases)}): {DescribeLimits(upstream.Policy)}{DescribeTls(upstream, errors)}";
        if (upstream.Keys is not { } keys)
            return line;
        try
        {
            var entries = KeyFile.Read(keys.From, sources.Environment, directory, SecretStore.KeysOfProcess);
            var each = keys.Limits.Count > 0 ? $", each {string.Join(", ", keys.Limits)}" : "";
            var idle = ApiCache.Idle(upstream, entries.Count) is { } told ? $"; {told}" : "";
            return $"{line}; keys {string.Join(", ", entries.Take(10).Select(entry => entry.Secret.Name))}{(entries.Count > 10 ? $" and {entries.Count - 10} more" : "")}{each}{idle}";
        }
        catch (ConfigurationException exception)
        {
            errors.AddRange(exception.Errors.Select(error => error with { Message = $"{error.Message} (keys of \"{upstream.Name}\")" }));
            return line;
        }
    }

    private static string DescribeWays(UpstreamConfiguration upstream, Dictionary<string, string?> pools, List<ConfigurationError> errors)
    {
        var token = Noting(errors, () =>
        {
            ApiSources.CheckSecret(upstream);
            return upstream.OAuth is { } oauth ? $"; tokens from {oauth.TokenUrl.Authority}" : null;
        });
        var proxies = upstream.Policy.Proxies is { } name && pools.GetValueOrDefault(name) is { } pool ? $"; proxies {pool}" : "";
        return $"{token}{proxies}";
    }

    /// <summary>What is found; null where something is wrong with it, which is noted.</summary>
    private static string? Noting(List<ConfigurationError> errors, Func<string?> look)
    {
        try
        {
            return look();
        }
        catch (ConfigurationException wrong)
        {
            errors.AddRange(wrong.Errors);
            return null;
        }
    }

    private static string DescribeTls(UpstreamConfiguration upstream, List<ConfigurationError> errors)
    {
        var notices = new List<string>();
        try
        {
            TlsFiles.Read(upstream, TimeProvider.System.GetUtcNow(), notices.Add);
        }
        catch (ConfigurationException exception)
        {
            errors.AddRange(exception.Errors);
        }
        return string.Concat(notices.Select(notice => $"; {notice}"));
    }

    private static string? DescribeCertificate(ServiceTlsConfiguration? tls, List<ConfigurationError> errors)
    {
        if (tls is null)
            return null;
        try
        {
            var notices = new List<string>();
            using var certificate = ServiceCertificate.Open(tls, TimeProvider.System, notices.Add);
            return $"  the service shows the certificate {tls.Certificate}{string.Concat(notices.Select(notice => $"; {notice}"))}";
        }
        catch (ConfigurationException exception)
        {
            errors.AddRange(exception.Errors);
            return null;
        }
    }

    private static string DescribeLimits(UpstreamPolicy policy) => policy switch
    {
        { Limits.Count: > 0 } => string.Join(", ", policy.Limits),
        { Learns: true } => "limits are learned",
        _ => "no limits",
    };

    private static void WriteTable(TextWriter output, JsonArray values)
    {
        var rows = values.Select(value => (Pointer: value!["path"]!.GetValue<string>(), Value: Plain(value["value"]), Origin: value["origin"]!.GetValue<string>())).ToList();
        var (first, second) = (rows.Max(row => row.Pointer.Length), Math.Min(60, rows.Max(row => row.Value.Length)));
        foreach (var (pointer, value, origin) in rows)
            output.WriteLine($"{pointer.PadRight(first)}  {value.PadRight(second)}  {origin}");
    }

    private static string Plain(JsonNode? json) => json is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : json?.ToJsonString(Readable) ?? "null";

    private static JsonObject ToJson(string? file, IReadOnlyList<ListedValue> values) => new()
    {
        ["file"] = file,
        ["values"] = new JsonArray([.. values.Select(value => (JsonNode)new JsonObject
        {
            ["path"] = value.Pointer,
            ["value"] = JsonNode.Parse(value.Json),
            ["source"] = value.Origin.Source.ToString().ToLowerInvariant(),
            ["origin"] = value.Described,
        })]),
    };
}

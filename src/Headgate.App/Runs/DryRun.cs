using System.Text;
using System.Text.Json;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.Configuration;
using Headgate.Limits;

namespace Headgate.App.Runs;

/// <summary><c>run --dry-run</c>: what would be sent where, under which limits. Nothing is sent or written.</summary>
internal sealed class DryRun(EngineSettings settings, InputCheck? check, TextWriter output, bool asJson)
{
    public ExitCode Write()
    {
        if (check is null)
            throw new CommandException(ExitCode.Usage, "--dry-run needs a file that can be read before it is run, not standard input");
        var map = new UpstreamMap(settings.Configuration);
        // What the run itself would not begin with.
        var proxies = settings.Configuration.ProxyPools.ToDictionary(pool => pool.Name, pool => settings.ProxiesOf(pool).Count);
        if (asJson)
        {
            output.WriteLine(Json(check, map));
            return ExitCode.Ok;
        }
        output.WriteLine($"{Words.Count(check.Requests)} requests{(check.BadLines > 0 ? $", {Words.Count(check.BadLines)} bad lines left out" : "")}; nothing was sent");
        if (settings.Configuration.TotalLimits.Count > 0)
            output.WriteLine($"  everything: {string.Join(", ", settings.Configuration.TotalLimits)}");
        foreach (var api in check.Authorities.GroupBy(pair => map.Find(new Uri(pair.Key))).Take(50))
        {
            var limits = api.Key.Policy.Limits.Count > 0 ? string.Join(", ", api.Key.Policy.Limits) : "no limit known";
            var keys = api.Key.Keys is { } pool ? $"; {settings.KeysOf(api.Key).Count} keys{(pool.Limits.Count > 0 ? $", each {string.Join(", ", pool.Limits)}" : "")}" : "";
            var ways = api.Key.Policy.Proxies is { } name && proxies.TryGetValue(name, out var count) ? $"; {count} proxies" : "";
            output.WriteLine($"  {api.Key.Name}: {Words.Count(api.Sum(pair => pair.Value))} requests; {limits}{keys}{ways}");
        }
        return ExitCode.Ok;
    }
    private string Json(InputCheck found, UpstreamMap map)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean("dry_run", true);
            json.WriteNumber("total", found.Requests);
            json.WriteNumber("bad_lines", found.BadLines);
            WriteLimits(json, "total_limits", settings.Configuration.TotalLimits);
            json.WriteStartArray("apis");
            foreach (var api in found.Authorities.GroupBy(pair => map.Find(new Uri(pair.Key))))
            {
                json.WriteStartObject();
                json.WriteString("name", api.Key.Name);
                json.WriteNumber("requests", api.Sum(pair => pair.Value));
                WriteLimits(json, "limits", api.Key.Policy.Limits);
                json.WriteNumber("keys", api.Key.Keys is null ? 0 : settings.KeysOf(api.Key).Count);
                WriteLimits(json, "key_limits", api.Key.Keys?.Limits ?? []);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void WriteLimits(Utf8JsonWriter json, string name, IEnumerable<Limit> limits)
    {
        json.WriteStartArray(name);
        foreach (var limit in limits)
            json.WriteStringValue(limit.ToString());
        json.WriteEndArray();
    }
}

using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.Configuration;

namespace Headgate.App.Runs;

/// <summary><c>run --dry-run</c>: what would be sent where, under which limits. Nothing is sent or written.</summary>
internal sealed class DryRun(EngineSettings settings, InputCheck? check, TextWriter output)
{
    public ExitCode Write()
    {
        if (check is null)
            throw new CommandException(ExitCode.Usage, "--dry-run needs a file that can be read before it is run, not standard input");
        var map = new UpstreamMap(settings.Configuration);
        output.WriteLine($"{Words.Count(check.Requests)} requests{(check.BadLines > 0 ? $", {Words.Count(check.BadLines)} bad lines left out" : "")}; nothing was sent");
        if (settings.Configuration.TotalLimits.Count > 0)
            output.WriteLine($"  everything: {string.Join(", ", settings.Configuration.TotalLimits)}");
        foreach (var api in check.Authorities.GroupBy(pair => map.Find(new Uri(pair.Key))).Take(50))
        {
            var limits = api.Key.Policy.Limits.Count > 0 ? string.Join(", ", api.Key.Policy.Limits) : "no limit known";
            var keys = api.Key.Keys is { } pool ? $"; {settings.KeysOf(api.Key).Count} keys{(pool.Limits.Count > 0 ? $", each {string.Join(", ", pool.Limits)}" : "")}" : "";
            output.WriteLine($"  {api.Key.Name}: {Words.Count(api.Sum(pair => pair.Value))} requests; {limits}{keys}");
        }
        return ExitCode.Ok;
    }
}

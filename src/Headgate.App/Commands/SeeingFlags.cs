using System.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Commands;

/// <summary>Those options of the service that say what it shows of itself.</summary>
internal sealed class SeeingFlags
{
    private readonly Option<string?> _metrics = new("--metrics-listen") { HelpName = "URL", Description = $"A port for /metrics alone, for example http://127.0.0.1:{ListenUrl.UsualMetricsPort}; none by default." };
    private readonly Option<string?> _level = new("--log-level") { HelpName = "LEVEL", Description = "What is logged at least: trace, debug, information (default), warning, error, critical or none." };
    private readonly Option<string?> _format = new("--log-format") { HelpName = "FORMAT", Description = "How: json, text, or auto (default), which is text for a terminal or the journal, and JSON else." };

    private readonly Option<string?> _record = new("--record") { HelpName = "WHICH", Description = "Record calls through gateway and forward proxy, to be searched: errors, all, or off (default)." };

    public IEnumerable<Option> All => [_metrics, _level, _format, _record];

    /// <summary>What they say.</summary>
    public IEnumerable<ConfigurationOverride> Read(ParseResult parse)
    {
        foreach (var (option, pointer) in ((Option<string?>, string)[])[(_metrics, "/serve/metricsListen"), (_level, "/log/level"), (_format, "/log/format"), (_record, "/log/requests/record")])
            if (parse.GetValue(option) is { } value)
                yield return new ConfigurationOverride(pointer, [value], option.Name);
    }
}

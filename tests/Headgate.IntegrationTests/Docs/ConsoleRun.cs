using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Docs;

/// <summary>
/// Types the commands of a page into one bash, in one directory that is empty but for the samples,
/// with <c>headgate</c> on the PATH. Ports of loopback that a page
/// names are replaced by free ones. What a page leaves in the background ends with it.
/// </summary>
internal sealed partial class ConsoleRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, string> _ports = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-docs-").FullName;

    private string Home => Path.Combine(_folder, "home");

    private string Program => Path.Combine(_folder, "bin", "headgate");

    /// <summary>What went otherwise than the page says; empty if nothing did.</summary>
    public async Task<string> TypeAsync(IReadOnlyList<ConsoleStep> asWritten)
    {
        var steps = asWritten.Select(step => step with { Command = WithFreePorts(step.Command), Expected = [.. step.Expected.Select(WithFreePorts)] }).ToList();
        foreach (var folder in new[] { "home", "bin", "said" })
            Directory.CreateDirectory(Path.Combine(_folder, folder));
        Directory.CreateSymbolicLink(Path.Combine(Home, "samples"), Path.Combine(Document.Root, "samples"));
        await File.WriteAllTextAsync(Program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "headgate-cli.dll")}' \"$@\"\n");
        var script = Path.Combine(_folder, "script");
        await File.WriteAllTextAsync(script, Script(steps));
        using var bash = Start(script);
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await bash.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            bash.Kill(entireProcessTree: true);
            await bash.WaitForExitAsync(CancellationToken.None);
        }
        return string.Join("\n\n", steps.Select(Judge).OfType<string>().Take(1));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Said(int step, string what) => Path.Combine(_folder, "said", $"{step}.{what}");

    private string? Judge(ConsoleStep step, int index)
    {
        var said = File.Exists(Said(index, "text")) ? File.ReadAllText(Said(index, "text")) : "";
        var code = File.Exists(Said(index, "code")) ? File.ReadAllText(Said(index, "code")).Trim() : null;
        var wrong = code is null ? $"did not end within {Patience.TotalMinutes:0} minutes of the page"
            : code != step.Code.ToString(CultureInfo.InvariantCulture) ? $"ended with {code}, not {step.Code}"
            : step.FirstMissing(said) is { } missing ? $"did not write: {missing}"
            : null;
        return wrong is null ? null : $"{step.Where}: $ {step.Command}\n{wrong}\nIt wrote:\n{said}";
    }

    private string Script(IReadOnlyList<ConsoleStep> steps)
    {
        var script = new StringBuilder($"chmod +x '{Program}'\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n");
        for (var index = 0; index < steps.Count; index++)
        {
            script.Append(CultureInfo.InvariantCulture, $"{{\n{steps[index].Command}\n}} </dev/null >'{Said(index, "text")}' 2>&1\n");
            script.Append(CultureInfo.InvariantCulture, $"code=$?; echo $code >'{Said(index, "code")}'; [ $code = {steps[index].Code} ] || exit 1\n");
            // A reader types slower than a server starts.
            if (steps[index].IsBackground)
                script.Append(CultureInfo.InvariantCulture, $"for i in {{1..300}}; do [ -s '{Said(index, "text")}' ] && break; sleep 0.1; done\n");
        }
        return script.ToString();
    }

    private Process Start(string script)
    {
        var start = new ProcessStartInfo("bash", [script]) { UseShellExecute = false, WorkingDirectory = Home };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("HEADGATE_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["PATH"] = $"{Path.Combine(_folder, "bin")}:{start.Environment["PATH"]}";
        start.Environment["HEADGATE_STATE"] = Path.Combine(_folder, "state");
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(_folder, "config");
        start.Environment["TERM"] = "dumb";
        return Process.Start(start)!;
    }

    private string WithFreePorts(string text) => LoopbackPort().Replace(text, match =>
    {
        var port = match.Groups["port"].Value;
        if (!_ports.TryGetValue(port, out var free))
            _ports[port] = free = Ports.Free().ToString(CultureInfo.InvariantCulture);
        return match.Groups["host"].Value + free;
    });

    [GeneratedRegex(@"(?<host>127\.0\.0\.1:|localhost:)(?<port>[1-9]\d{2,4})\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LoopbackPort();
}

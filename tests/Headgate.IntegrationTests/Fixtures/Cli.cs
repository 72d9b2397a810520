using System.Diagnostics;
using System.Text.Json;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>
/// The built program, run as a user runs it, in a directory and with a state of its own. Whatever it started is ended, and the directory
/// removed, when it is disposed.
/// </summary>
internal sealed class Cli : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly List<CliProcess> _processes = [];

    /// <summary>Where the program runs; relative paths start here.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("headgate-cli-").FullName;

    /// <summary>HEADGATE_STATE: fresh, so that no other test and no user is known here. Point it elsewhere before the first start.</summary>
    public string State { get; set; }

    /// <summary>What the program finds in its environment beside ours; null removes a variable.</summary>
    public Dictionary<string, string?> Environment { get; } = [];

    public Cli() => State = PathOf("state");

    public string PathOf(string name) => Path.Combine(Folder, name);

    public string Write(string name, string content)
    {
        File.WriteAllText(PathOf(name), content);
        return PathOf(name);
    }

    /// <summary>Writes a file of lines, each ended by a line feed, without keeping them in memory.</summary>
    public string Write(string name, IEnumerable<string> lines)
    {
        using var writer = new StreamWriter(PathOf(name)) { NewLine = "\n" };
        foreach (var line in lines)
            writer.WriteLine(line);
        return PathOf(name);
    }

    public string[] Read(string name) => File.ReadAllLines(PathOf(name));

    /// <summary>The JSON objects of a file, one a line.</summary>
    public IReadOnlyList<JsonElement> ReadJson(string name) => [.. Read(name).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>Runs the program to its end, which must come within <see cref="Patience"/>.</summary>
    public Task<CliResult> RunAsync(params string[] arguments) => RunAsync("", Patience, arguments);

    /// <summary>Runs the program with something on its standard input.</summary>
    public async Task<CliResult> RunAsync(string input, TimeSpan patience, params string[] arguments)
    {
        await using var process = Start(arguments);
        await process.GiveAsync(input);
        return await process.EndAsync(patience);
    }

    /// <summary>Starts the program and leaves it running, its standard input open.</summary>
    public CliProcess Start(params string[] arguments) => StartThrough([], arguments);

    /// <summary>The same through another program, which is given the whole command and is to become it.</summary>
    public CliProcess StartThrough(string[] program, params string[] arguments)
    {
        string[] command = [.. program, "dotnet", Path.Combine(AppContext.BaseDirectory, "headgate-cli.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            UseShellExecute = false,
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("HEADGATE_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["HEADGATE_STATE"] = State;
        start.Environment["XDG_CONFIG_HOME"] = PathOf("config");
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        var process = new CliProcess(Process.Start(start)!);
        _processes.Add(process);
        return process;
    }

    /// <summary>Starts <c>headgate simulate</c> on a free port and waits until it listens.</summary>
    public async Task<SimulatorProcess> SimulateAsync(params string[] arguments)
    {
        var process = Start(["simulate", .. arguments]);
        var output = await process.Output.WaitForAsync(text => text.Contains('\n', StringComparison.Ordinal), Patience);
        return new SimulatorProcess(process, new Uri(output.Split('\n')[0]));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>How a program ended, and what it wrote.</summary>
internal sealed record CliResult(int Code, string Output, string Error, TimeSpan Elapsed)
{
    /// <summary>The code and everything written, for the message of an assertion.</summary>
    public override string ToString() => $"exit {Code} after {Elapsed.TotalSeconds:0.00} s\n--- stdout\n{Output}\n--- stderr\n{Error}";
}

/// <summary>A running simulator: a third-party API that judges what reaches it.</summary>
internal sealed record SimulatorProcess(CliProcess Process, Uri Url)
{
    /// <summary>What arrived so far, as <c>GET /__report</c> tells it.</summary>
    public async Task<JsonElement> ReportAsync()
    {
        using var client = new HttpClient();
        return JsonDocument.Parse(await client.GetStringAsync(new Uri(Url, "/__report"))).RootElement;
    }
}

using System.Diagnostics;

namespace Headgate.Benchmarks;

/// <summary>What a figure was measured on, and other processes on it.</summary>
internal static class Machine
{
    public static string Description => $"{Environment.ProcessorCount} cores{Model()}, Linux {Environment.OSVersion.Version.ToString(2)}, .NET {Environment.Version}";

    /// <summary>The top of this source tree.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Starts the program that ships: the wrapper of this tree builds it and becomes it.</summary>
    public static Process Headgate(params IEnumerable<string> arguments) => Start(Path.Combine(Root, "headgate"), arguments);

    /// <summary>This program with other arguments.</summary>
    public static Process Self(params IEnumerable<string> arguments) =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? Start(Environment.ProcessPath!, [typeof(Machine).Assembly.Location, .. arguments])
            : Start(Environment.ProcessPath!, arguments);

    /// <summary>The most memory a process has used until now, in bytes; 0 when it has gone.</summary>
    public static long PeakOf(Process process)
    {
        try
        {
            var peak = File.ReadLines($"/proc/{process.Id}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return peak is null ? 0 : long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    // Both outputs in our hands; input too, whose end tells a helper to end.
    private static Process Start(string program, IEnumerable<string> arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static string Model() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line ? $" ({line.Split(':')[1].Trim()})" : "";

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Headgate.slnx")))
                return folder.FullName;
        throw new InvalidOperationException($"{AppContext.BaseDirectory} is not inside the source tree: run the benchmarks from it");
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Headgate.IntegrationTests.CommandLine;

/// <summary>The program as a process of its own, with a folder of its own that it runs in and keeps its state in.</summary>
internal sealed partial class ProgramRun : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "headgate-cli");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("headgate-program-");

    /// <summary>The folder.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Where the program makes its own temporary files.</summary>
    public string Temporary => Path.Combine(Folder, "tmp");

    /// <summary>Runs it to its end.</summary>
    public Task<(int Code, byte[] Output, string Error)> RunAsync(params string[] arguments) => RunAsync(_ => { }, arguments);

    /// <summary>Runs it to its end.</summary>
    /// <param name="meanwhile">Given what it has said on stderr so far, each time a line is added.</param>
    /// <param name="arguments">Its arguments.</param>
    public async Task<(int Code, byte[] Output, string Error)> RunAsync(Action<(Process Process, string Error)> meanwhile, params string[] arguments)
    {
        Directory.CreateDirectory(Temporary);
        var start = new ProcessStartInfo(Program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Folder };
        start.Environment["HEADGATE_STATE"] = Path.Combine(Folder, "state");
        start.Environment["XDG_CONFIG_HOME"] = Path.Combine(Folder, "config");
        start.Environment["TMPDIR"] = Temporary;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var copying = process.StandardOutput.BaseStream.CopyToAsync(output);
        var error = "";
        while (await process.StandardError.ReadLineAsync() is { } line)
            meanwhile((process, error += line + "\n"));
        await copying;
        await process.WaitForExitAsync();
        return (process.ExitCode, output.ToArray(), error);
    }

    /// <summary>What Ctrl-C does.</summary>
    public static void Interrupt(Process process) => Assert.Equal(0, Kill(process.Id, 2));

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

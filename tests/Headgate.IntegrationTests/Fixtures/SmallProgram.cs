using System.Diagnostics;
using Headgate.IntegrationTests.Docs;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>A program of a few lines, as a user of the library would write it: compiled against what the tests run on, and started as a process.</summary>
internal sealed class SmallProgram : IAsyncDisposable
{
    private const string Name = "Small.dll";

    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-program-").FullName;
    private readonly List<CliProcess> _processes = [];

    private SmallProgram() { }

    /// <summary>Compiles it.</summary>
    /// <param name="source">Its statements, behind what they use.</param>
    public static async Task<SmallProgram> CompileAsync(string source)
    {
        var program = new SmallProgram();
        await File.WriteAllTextAsync(Path.Combine(program._folder, "Program.cs"), source);
        await File.WriteAllTextAsync(Path.Combine(program._folder, "Usual.cs"), Compilation.Usual);
        Assert.Equal("", await Compilation.CompileAsync(program._folder, "exe", Name));
        // It finds beside it what the tests find beside them.
        foreach (var path in Directory.GetFileSystemEntries(AppContext.BaseDirectory))
            File.CreateSymbolicLink(Path.Combine(program._folder, Path.GetFileName(path)), path);
        return program;
    }

    /// <summary>Starts it.</summary>
    public CliProcess Start(params string[] arguments)
    {
        string[] host = ["exec", "--runtimeconfig", TestFile(".runtimeconfig.json"), "--depsfile", TestFile(".deps.json"), Path.Combine(_folder, Name)];
        _processes.Add(new CliProcess(Process.Start(new ProcessStartInfo("dotnet", [.. host, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!));
        return _processes[^1];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private string TestFile(string suffix) => Path.Combine(_folder, $"{typeof(SmallProgram).Assembly.GetName().Name}{suffix}");
}

using System.Diagnostics;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Docs;

/// <summary>The wrapper <c>./headgate</c>, which is what a reader types first. The first of these builds the program if need be.</summary>
public sealed class WrapperTests
{
    private static readonly string Wrapper = Path.Combine(Document.Root, "headgate");

    [Fact]
    public async Task It_runs_from_anywhere_through_links_and_passes_arguments_and_exit_codes()
    {
        var folder = Directory.CreateTempSubdirectory("headgate-link-").FullName;
        File.CreateSymbolicLink(Path.Combine(folder, "far"), Wrapper);
        File.CreateSymbolicLink(Path.Combine(folder, "headgate"), "far");

        var (code, output, _) = await RunAsync("/", Path.Combine(folder, "headgate"), "version");
        Assert.Equal(0, code);
        Assert.StartsWith("headgate ", output, StringComparison.Ordinal);

        (code, output, var error) = await RunAsync(folder, "bash", "-c", "./headgate 'no such' verb");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("headgate: unknown verb \"no such\"", error, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task It_becomes_the_program_so_that_signals_reach_it()
    {
        using var process = Start("/", Wrapper, "simulate");
        var url = await process.StandardOutput.ReadLineAsync();
        Assert.StartsWith("http://127.0.0.1:", url, StringComparison.Ordinal);

        Assert.Equal("dotnet", (await File.ReadAllTextAsync($"/proc/{process.Id}/comm")).Trim());
        Process.Start("kill", ["-TERM", $"{process.Id}"]).Dispose();
        await process.WaitForExitAsync().WaitAsync(Cli.Patience);
        Assert.Contains("0 arrived", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string folder, string program, params string[] arguments)
    {
        using var process = Start(folder, program, arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }

    private static Process Start(string folder, string program, params string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        UseShellExecute = false,
        WorkingDirectory = folder,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
}

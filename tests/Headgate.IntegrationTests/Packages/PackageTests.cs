using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using Headgate.IntegrationTests.Docs;

namespace Headgate.IntegrationTests.Packages;

/// <summary>What a user gets from a package feed: the library, and the program as a tool.</summary>
public sealed class PackageTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-packages-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_library_comes_with_its_words_its_symbols_and_a_licence()
    {
        await PackAsync("Headgate");

        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(_folder, "*.nupkg")));
        var names = package.Entries.Select(entry => entry.FullName).ToList();
        Assert.Contains("README.md", names);
        Assert.Contains("lib/net10.0/Headgate.dll", names);
        Assert.Contains("lib/net10.0/Headgate.xml", names);
        var metadata = XDocument.Load(package.GetEntry("Headgate.nuspec")!.Open()).Descendants().ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal("MIT", metadata["license"].Single());
        Assert.Equal("README.md", metadata["readme"].Single());
        Assert.Contains("rate-limit", metadata["tags"].Single(), StringComparison.Ordinal);
        using var symbols = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(_folder, "*.snupkg")));
        Assert.Contains(symbols.Entries, entry => entry.FullName == "lib/net10.0/Headgate.pdb");
    }

    [Fact]
    public async Task The_package_of_the_database_brings_the_library_with_it()
    {
        await PackAsync("Headgate.Backends");

        using var package = ZipFile.OpenRead(Assert.Single(Directory.GetFiles(_folder, "*.nupkg")));
        Assert.Contains("lib/net10.0/Headgate.Backends.dll", package.Entries.Select(entry => entry.FullName));
        var dependencies = XDocument.Load(package.GetEntry("Headgate.Backends.nuspec")!.Open()).Descendants().Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value);
        Assert.Superset(new HashSet<string> { "Headgate", "Microsoft.Data.Sqlite.Core" }, dependencies.ToHashSet());
    }

    [Fact]
    public async Task The_program_installs_as_a_tool_from_a_folder_and_runs()
    {
        await PackAsync("Headgate.App");
        var feed = Path.Combine(_folder, "nuget.config");
        await File.WriteAllTextAsync(feed, $"""<configuration><packageSources><clear /><add key="here" value="{_folder}" /></packageSources></configuration>""");
        var tools = Path.Combine(_folder, "tools");

        await RunAsync("dotnet", "tool", "install", "Headgate.Tool", "--tool-path", tools, "--configfile", feed, "--no-cache");

        Assert.StartsWith("headgate 0.", await RunAsync(Path.Combine(tools, "headgate"), "version"), StringComparison.Ordinal);
    }

    // With build products of its own: those that the tests run from stay as they are.
    private Task PackAsync(string project) =>
        RunAsync("dotnet", "pack", Path.Combine(Document.Root, "src", project), "-c", "Release", "-o", _folder, "--artifacts-path", Path.Combine(_folder, "work"), "-p:NuGetAudit=false", "--disable-build-servers", "--nologo");

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}\n{await output}\n{await error}");
            return await output;
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {Patience}", late);
        }
    }
}

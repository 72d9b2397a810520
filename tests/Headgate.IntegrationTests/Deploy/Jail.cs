using System.Diagnostics;
using Headgate.IntegrationTests.Docs;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Deploy;

/// <summary>
/// A root file system as an image has it, in which programs run as user 1654 without a right: its root cannot be written to, and only
/// <c>/data</c> is there to be. Needs root, to make it.
/// </summary>
internal sealed class Jail : IAsyncDisposable
{
    public const int User = 1654;

    private const string Enter = """
        set -e
        root=$1; data=$2; shift 2
        mount --bind "$root" "$root"
        mount --bind "$data" "$root/data"
        mount -t proc proc "$root/proc"
        for device in null urandom; do mount --bind /dev/$device "$root/dev/$device"; done
        mount -o remount,bind,ro "$root"
        exec setpriv --no-new-privs chroot --userspec=1654:1654 --groups= "$root" "$@"
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-jail-").FullName;
    private readonly List<CliProcess> _processes = [];

    private string Root => Path.Combine(_folder, "root");

    /// <summary>What is <c>/data</c> inside.</summary>
    public string Data => Path.Combine(_folder, "data");

    /// <summary>How the program is started inside.</summary>
    public string[] Program { get; private set; } = [];

    /// <summary>Makes one of the program as it was built, with the runtime that is installed here; or as it is published, runtime and all.</summary>
    public static async Task<Jail> MakeAsync(bool isPublished)
    {
        var jail = new Jail();
        var program = Path.Combine(jail._folder, "program");
        if (isPublished)
            await RunAsync(Path.Combine(Document.Root, "deploy", "publish"), program);
        else
            CopyBuilt(program);
        jail.Program = isPublished ? ["/app/headgate"] : ["/app/dotnet/dotnet", "/app/headgate-cli.dll"];
        await RunAsync(Path.Combine(Document.Root, "deploy", "rootfs"), program, jail.Root);
        foreach (var device in (string[])["null", "urandom"])
            await File.WriteAllTextAsync(Path.Combine(jail.Root, "dev", device), "");
        Directory.CreateDirectory(jail.Data);
        await RunAsync("chown", $"{User}:{User}", jail.Data);
        return jail;
    }

    /// <summary>Starts the program inside, where every step takes the place of the one before, so that its number is that of the process.</summary>
    public CliProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("unshare", ["--mount", "bash", "-c", Enter, "bash", Root, Data, .. Program, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var path = start.Environment["PATH"];
        start.Environment.Clear();
        foreach (var (name, value) in ((string, string?)[])[("PATH", path), .. Variables()])
            start.Environment[name] = value;
        var process = new CliProcess(Process.Start(start)!);
        _processes.Add(process);
        return process;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
            await process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Those that the image sets, but for the path.</summary>
    private static IEnumerable<(string, string?)> Variables() =>
        File.ReadAllText(Path.Combine(Document.Root, "deploy", "Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
            .Where(line => line.StartsWith("ENV ", StringComparison.Ordinal))
            .SelectMany(line => line[4..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(pair => pair.Split('=', 2)).Where(pair => pair[0] != "PATH").Select(pair => (pair[0], (string?)pair[1]));

    private static void CopyBuilt(string program)
    {
        var (shared, version) = (Path.GetDirectoryName(Path.GetDirectoryName(typeof(object).Assembly.Location))!, Environment.Version.ToString());
        var dotnet = Path.GetFullPath(Path.Combine(shared, "..", ".."));
        Copy(Path.Combine(Document.Root, "src", "Headgate.App", "bin", "Release", "net10.0"), program);
        foreach (var part in (string[])[$"shared/Microsoft.NETCore.App/{version}", $"shared/Microsoft.AspNetCore.App/{version}", $"host/fxr/{version}"])
            Copy(Path.Combine(dotnet, part), Path.Combine(program, "dotnet", part));
        File.Copy(Path.Combine(dotnet, "dotnet"), Path.Combine(program, "dotnet", "dotnet"));
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(10));
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}\n{await output}\n{await error}");
    }
}

using System.Globalization;
using System.Text;
using Headgate.App.CommandLine;

namespace Headgate.App.Demo;

/// <summary>The folder of a demo: its requests, its keys, its results and a state of its own. Gone with it, unless it is to be kept.</summary>
internal sealed class DemoFiles : IDisposable
{
    private readonly bool _isKept;

    private DemoFiles(string directory, bool isKept) => (Directory, _isKept) = (directory, isKept);

    public string Directory { get; }

    public string Requests => Path.Combine(Directory, "requests.jsonl");

    public string Keys => Path.Combine(Directory, "keys.txt");

    public string Results => Path.Combine(Directory, "results.jsonl");

    public string State => Path.Combine(Directory, "state");

    /// <summary>Makes the folder.</summary>
    /// <param name="keep">Where to keep it; null for one that is deleted in the end.</param>
    /// <exception cref="CommandException">There is something in it already.</exception>
    public static DemoFiles Make(string? keep)
    {
        if (keep is null)
            return new DemoFiles(System.IO.Directory.CreateTempSubdirectory("headgate-demo-").FullName, isKept: false);
        var directory = Path.GetFullPath(keep);
        if (File.Exists(directory) || (System.IO.Directory.Exists(directory) && System.IO.Directory.EnumerateFileSystemEntries(directory).Any()))
            throw new CommandException(ExitCode.Usage, $"--keep {keep}: something is there already; name a folder that is new or empty");
        System.IO.Directory.CreateDirectory(directory);
        return new DemoFiles(directory, isKept: true);
    }

    /// <summary>Writes the requests, each for an item of its own, and the keys.</summary>
    public void Write(string url, int requests, IEnumerable<string> keys)
    {
        var lines = new StringBuilder();
        for (var item = 1; item <= requests; item++)
            lines.Append(CultureInfo.InvariantCulture, $"{{\"id\":\"item-{item}\",\"url\":\"{url}/items/{item}?item={item}\"}}\n");
        File.WriteAllText(Requests, lines.ToString());
        File.WriteAllLines(Keys, keys.Select(name => $"{name} demo-key-{name}"));
    }

    public void Dispose()
    {
        if (!_isKept)
            System.IO.Directory.Delete(Directory, recursive: true);
    }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace Headgate.Ledgers;

/// <summary>
/// The names of a scope's files: <c>NAME.jsonl</c> of a process that has the whole scope, <c>NAME.shares/share-2-of-3.jsonl</c> of one that has a
/// share, and a lock beside each, since the files themselves are replaced now and then. Shares have a folder of their own, so that whoever looks
/// for them need not go through the files of all scopes.
/// </summary>
internal sealed class ScopeFiles(string directory, string scope)
{
    private const int LongestName = 60;

    /// <summary>The scope of all traffic, which every service opens, and the name of its files: to hash it would load the library of ciphers, 5 MB of an idle process.</summary>
    private const string All = "total";
    private const string AllName = "total-11239872d178729a";
    private readonly string _stem = Path.Combine(directory, NameOf(scope));

    public string Scope => scope;

    public string Whole => _stem + ".jsonl";

    /// <summary>Whether anybody was ever in the scope.</summary>
    public bool Exist => Path.Exists(Whole) || Path.Exists(SharesFolder);

    public string WholeLock => _stem + ".lock";

    public string SharesFolder => _stem + ".shares";

    public string Share(int slot, int of) => Path.Combine(SharesFolder, string.Create(CultureInfo.InvariantCulture, $"share-{slot}-of-{of}.jsonl"));

    public static string LockOf(string file) => Path.ChangeExtension(file, ".lock");

    public static string FileOf(string lockFile) => Path.ChangeExtension(lockFile, ".jsonl");

    /// <summary>The files of shares that are there, with the number of parts each was made for.</summary>
    public IEnumerable<(string File, int Of)> Shares(string extension)
    {
        if (!Directory.Exists(SharesFolder))
            yield break;
        foreach (var file in Directory.EnumerateFiles(SharesFolder, $"share-*-of-*{extension}").Order(StringComparer.Ordinal))
            if (int.TryParse(Path.GetFileNameWithoutExtension(file).AsSpan()[(Path.GetFileNameWithoutExtension(file).LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var of))
                yield return (file, of);
    }

    private static string NameOf(string scope) => scope == All ? AllName : HashedNameOf(scope);

    /// <summary>Readable, and different for scopes that only look alike.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string HashedNameOf(string scope)
    {
        var name = new StringBuilder();
        foreach (var c in scope.Length > LongestName ? scope[..LongestName] : scope)
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' ? c : '-');
        return $"{name.ToString().Trim('.', '-')}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(scope)).AsSpan(0, 8))}";
    }
}

using Headgate.App.CommandLine;
using Headgate.Configuration;
using Headgate.Ledgers;

namespace Headgate.App.Security;

/// <summary>
/// The tokens of a data directory, in <c>tokens.json</c>: what changes them replaces the file whole, and each after the other. Thread-safe, and
/// safe with other processes.
/// </summary>
/// <param name="directory">The data directory.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenStore(string directory, TimeProvider time)
{
    public const string FileName = "tokens.json";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public string File { get; } = Path.Combine(directory, FileName);

    /// <summary>The tokens there are.</summary>
    /// <exception cref="ConfigurationException">The file is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IReadOnlyList<TokenConfiguration> Read() => TokenFile.Parse(ReadBytes(File), File);

    /// <summary>Makes a token. It is told here and never again.</summary>
    /// <returns>The token, and what is kept of it.</returns>
    /// <exception cref="CommandException">There is one of that name, or it cannot be as it is meant.</exception>
    public Task<(string Text, TokenConfiguration Kept)> AddAsync(string name, AccessScopes scopes, string? tenant, DateTimeOffset? expires) => ChangeAsync(tokens =>
    {
        if (tokens.Exists(token => token.Name == name))
            throw new CommandException(ExitCode.Configuration, $"there is a token \"{name}\" already; take another name, or remove that one first: headgate tokens rm {name}");
        var text = TokenText.Make();
        var now = time.GetUtcNow();
        var token = new TokenConfiguration(name, TokenText.HashOf(text), scopes) { Tenant = tenant, Created = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond)), Expires = expires };
        if (AccessRules.WhyUnfit(token) is { } why)
            throw new CommandException(ExitCode.Configuration, why);
        tokens.Add(token);
        return (text, token);
    });

    /// <summary>Takes a token away.</summary>
    /// <returns>How many are left.</returns>
    /// <exception cref="CommandException">There is none of that name.</exception>
    public Task<int> RemoveAsync(string name) => ChangeAsync(tokens =>
    {
        if (tokens.RemoveAll(token => token.Name == name) == 0)
            throw new CommandException(ExitCode.Configuration, tokens.Count == 0
                ? $"there is no token \"{Excerpt.Of(name)}\", and no other in {File}"
                : $"there is no token \"{Excerpt.Of(name)}\"{NearestName.Suggest(name, tokens.Select(token => token.Name))}; {File} has: {string.Join(", ", tokens.Select(token => token.Name))}");
        return tokens.Count;
    });

    /// <summary>The content of a file of tokens; null if there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[]? ReadBytes(string path)
    {
        try
        {
            return BoundedFile.ReadAllBytes(path, TokenFile.Largest);
        }
        catch (Exception none) when (none is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private async Task<T> ChangeAsync<T>(Func<List<TokenConfiguration>, T> change)
    {
        DataDirectory.Make(directory);
        using var held = await LockAsync();
        var tokens = Read().ToList();
        var result = change(tokens);
        Replace(TokenFile.Write(tokens));
        return result;
    }

    private async Task<IDisposable> LockAsync()
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            if (LockedFile.TryLock($"{File}.lock", isShared: false) is { } held)
                return held;
            if (time.GetElapsedTime(begun) > Patience)
                throw new CommandException(ExitCode.Disk, $"{File}.lock: another process holds it");
            await Task.Delay(Pause, time);
        }
    }

    /// <summary>Written aside, on disk, and then given its name: whoever reads sees all of the one or all of the other.</summary>
    private void Replace(byte[] content)
    {
        var aside = $"{File}.new";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // Left behind by a death, perhaps; nobody else is here.
        System.IO.File.Delete(aside);
        using (var file = new FileStream(aside, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        System.IO.File.Move(aside, File, overwrite: true);
    }
}

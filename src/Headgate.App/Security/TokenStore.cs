using Headgate.App.CommandLine;
using Headgate.Configuration;

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

    private readonly ReplacedFile _file = new(Path.Combine(directory, FileName), TokenFile.Largest, time);

    public string File => _file.Path;

    /// <summary>The tokens there are.</summary>
    /// <exception cref="ConfigurationException">The file is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IReadOnlyList<TokenConfiguration> Read() => TokenFile.Parse(_file.Read(), File);

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
        if (expires <= now)
            throw new CommandException(ExitCode.Configuration, $"expires: {expires:yyyy-MM-dd'T'HH:mm:ss'Z'} has passed already");
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

    private Task<T> ChangeAsync<T>(Func<List<TokenConfiguration>, T> change) => _file.ChangeAsync(content =>
    {
        var tokens = TokenFile.Parse(content, File).ToList();
        var result = change(tokens);
        return (TokenFile.Write(tokens), result);
    });
}

using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Headgate.Configuration;

namespace Headgate.App.Security;

/// <summary>
/// Who may call: the tokens of the configuration, of <c>--tokens-file</c> and of the data directory. Those of files are read anew when they
/// change, those of the configuration with it. Once there was a token, each call needs one until the process ends, whatever becomes of the files. Thread-safe.
/// </summary>
internal sealed class Access : IDisposable
{
    private readonly Lock _reading = new();
    private readonly string _store;
    private readonly TimeProvider _time;
    private readonly Action<string> _notice;
    private readonly FileWatch _watch;
    private readonly WrongTokens _wrong;
    private volatile AccessConfiguration _configuration;
    private volatile Known _known;

    private Access(AccessConfiguration configuration, string data, TimeProvider time, Action<string> notice)
    {
        (_configuration, _time, _notice) = (configuration, time, notice);
        _store = Path.Combine(data, TokenStore.FileName);
        _wrong = new WrongTokens(time);
        _watch = new FileWatch(configuration.TokensFile is { } file ? [_store, file] : [_store], time, ReadAnew);
        try
        {
            _known = Read(configuration);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads all tokens there are.</summary>
    /// <param name="configuration">What the configuration says.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="notice">Told when tokens have changed, or cannot be read any more.</param>
    /// <exception cref="ConfigurationException">A file cannot be read, or two tokens are in each other's way: all that is wrong.</exception>
    public static Access Open(AccessConfiguration configuration, string data, TimeProvider time, Action<string> notice) => new(configuration, data, time, notice);

    /// <summary>What the configuration says now.</summary>
    public AccessConfiguration Configuration => _configuration;

    /// <summary>Whether callers need a token.</summary>
    public bool IsRequired => _known.IsRequired;

    /// <summary>Who shows a token: anybody at all where none is needed. Null where one is, and this is none, or has expired.</summary>
    /// <param name="token">What was shown; null for nothing.</param>
    public Caller? Of(string? token)
    {
        var known = _known;
        return !known.IsRequired ? Caller.Anybody
            : token is not null && TokenText.IsOne(token) ? known.Find(TokenText.Digest(token), _time.GetUtcNow())
            : null;
    }

    /// <summary>Whether somebody who was let in would be let in again: its token may have been removed meanwhile, or have expired.</summary>
    public bool Knows(Caller caller)
    {
        var known = _known;
        return known.IsRequired ? known.Has(caller, _time.GetUtcNow()) : caller == Caller.Anybody;
    }

    /// <summary>Counts a token that nobody has, at whatever port it was shown.</summary>
    /// <param name="from">Where it came from.</param>
    /// <returns>How long that place is to wait; null where there were not too many.</returns>
    public TimeSpan? CountWrong(IPAddress? from) => _wrong.Count(from);

    /// <summary>Looks whether another configuration could be used from here on: its tokens, origins, names and rates. The file of tokens stays the same.</summary>
    /// <param name="next">What it says.</param>
    /// <returns>Uses it.</returns>
    /// <exception cref="ConfigurationException">Two tokens are in each other's way, or a file cannot be read.</exception>
    public Action Prepare(AccessConfiguration next)
    {
        var whole = next with { TokensFile = _configuration.TokensFile, Tls = _configuration.Tls };
        if (whole == _configuration)
            return static () => { };
        if (whole.Tokens != _configuration.Tokens)
            Read(whole);
        return () =>
        {
            var isOfTokens = whole.Tokens != _configuration.Tokens;
            _configuration = whole;
            if (isOfTokens)
                ReadAnew();
        };
    }

    public void Dispose()
    {
        _watch.Dispose();
        _wrong.Dispose();
    }

    private void ReadAnew()
    {
        try
        {
            Known now;
            lock (_reading)
            {
                now = Read(_configuration);
                _known = now with { IsRequired = _known.IsRequired || now.IsRequired };
            }
            _notice(now.Names.Count > 0 ? $"tokens are from now on: {string.Join(", ", now.Names.Take(20))}{(now.Names.Count > 20 ? " …" : "")}" : "no token is left: nobody may call until there is one, or the service is started anew");
        }
        catch (ConfigurationException wrong)
        {
            _notice($"tokens cannot be read anew, and stay as they are: {wrong.Message}");
        }
    }

    private Known Read(AccessConfiguration configuration)
    {
        var errors = new List<ConfigurationError>();
        var tokens = new List<TokenConfiguration>();
        Add(configuration.Tokens, "the configuration");
        if (configuration.TokensFile is { } file)
            Add(ReadFile(file, isNeeded: true, errors), file);
        Add(ReadFile(_store, isNeeded: false, errors), _store);
        return errors.Count == 0 ? new Known(tokens) : throw new ConfigurationException(errors);

        void Add(IReadOnlyList<TokenConfiguration> more, string from)
        {
            foreach (var token in more)
                if (tokens.Find(other => other.Name == token.Name || other.Hash == token.Hash) is { } other)
                    errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.File, from), "", $"the token \"{token.Name}\" {(other.Name == token.Name ? "has the name of another one" : $"is \"{other.Name}\" once more")}, which is in another of the configuration, --tokens-file and {_store}; keep one of them"));
                else
                    tokens.Add(token);
        }
    }

    private static IReadOnlyList<TokenConfiguration> ReadFile(string path, bool isNeeded, List<ConfigurationError> errors)
    {
        try
        {
            var bytes = ReplacedFile.Read(path, TokenFile.Largest);
            if (bytes is null && isNeeded)
                throw new FileNotFoundException("there is no such file");
            return TokenFile.Parse(bytes, path);
        }
        catch (ConfigurationException wrong)
        {
            errors.AddRange(wrong.Errors);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.File, path), "", $"cannot be read: {failure.Message}"));
        }
        return [];
    }

    /// <summary>The tokens as they are known. Immutable.</summary>
    private sealed record Known
    {
        private readonly ILookup<ulong, (byte[] Digest, Caller Caller, DateTimeOffset? Expires)> _tokens;

        public Known(IReadOnlyList<TokenConfiguration> tokens)
        {
            // How long a look takes tells something of a hash, from which no token can be found.
            _tokens = tokens
                .Select(token => (Digest: Convert.FromHexString(token.Hash.AsSpan(TokenText.HashStart.Length)), Caller: new Caller(token.Name, AccessScopeNames.WithImplied(token.Scopes), token.Tenant), token.Expires))
                .ToLookup(token => BinaryPrimitives.ReadUInt64LittleEndian(token.Digest));
            (Names, IsRequired) = ([.. tokens.Select(token => token.Name)], tokens.Count > 0);
        }

        public IReadOnlyList<string> Names { get; }

        public bool IsRequired { get; init; }

        public bool Has(Caller caller, DateTimeOffset now) => _tokens.Any(tokens => tokens.Any(token => token.Caller == caller && !(token.Expires <= now)));

        public Caller? Find(byte[] digest, DateTimeOffset now)
        {
            Caller? found = null;
            foreach (var (known, caller, expires) in _tokens[BinaryPrimitives.ReadUInt64LittleEndian(digest)])
                if (CryptographicOperations.FixedTimeEquals(known, digest) && !(expires <= now))
                    found = caller;
            return found;
        }
    }
}

using System.Net.Http.Headers;

namespace Headgate;

/// <summary>
/// A bearer token that is fetched when it is needed, and again before it expires: by one caller at a time, while the others go on with the one
/// that is still good. Thread-safe.
/// </summary>
internal sealed class TokenSupply(Func<CancellationToken, Task<AccessToken>> supply, TimeProvider time) : IDisposable
{
    /// <summary>So long before it expires a token is fetched anew; of one that lives shortly, a tenth of its life.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _turn = new(1);
    private volatile Held? _held;
    private volatile AuthenticationHeaderValue? _before;

    /// <summary>The token to send now; null before the first was fetched.</summary>
    public AuthenticationHeaderValue? Current => _held?.Header;

    /// <summary>Whether credentials are this token, or the one before it, and not a caller's own.</summary>
    public bool WasGiven(AuthenticationHeaderValue credentials) => ReferenceEquals(credentials, _held?.Header) || ReferenceEquals(credentials, _before);

    /// <summary>Sees to it that there is one that is good.</summary>
    public ValueTask PrepareAsync(CancellationToken cancellation) =>
        _held is { } held && time.GetUtcNow() < held.RenewAt ? default : new(RenewAsync(cancellation));

    public void Dispose() => _turn.Dispose();

    private async Task RenewAsync(CancellationToken cancellation)
    {
        if (_held is { } good && time.GetUtcNow() < good.ExpiresAt)
        {
            // ConfigureAwait changes nothing of a wait that does not wait.
            if (!_turn.Wait(0, CancellationToken.None))
                return;
        }
        else
            await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_held is { } newer && time.GetUtcNow() < newer.RenewAt)
                return;
            var token = await supply(cancellation).ConfigureAwait(false) ?? throw new InvalidOperationException("the supplier of tokens gave none");
            var now = time.GetUtcNow();
            var expires = token.ExpiresAt ?? DateTimeOffset.MaxValue;
            var margin = (expires - now) / 10 < Margin ? (expires - now) / 10 : Margin;
            _before = _held?.Header;
            _held = new Held(new AuthenticationHeaderValue("Bearer", token.Reveal()), expires - margin, expires);
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed record Held(AuthenticationHeaderValue Header, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt);
}

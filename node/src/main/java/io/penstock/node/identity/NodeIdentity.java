package io.penstock.node.identity;

import io.penstock.api.CertificateRequest;
import io.penstock.api.IssuedCertificate;
import io.penstock.api.NodeKey;
import io.penstock.api.Session;
import io.penstock.api.SessionRequest;
import io.penstock.api.client.SessionClient;
import io.penstock.node.store.DirectoryLock;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/// Who a node is: an id that it made up once, and the Ed25519 key by which it proves that it is the
/// one with that id.
///
/// A gateway binds the id, the key and the node's name together with the first session, so whoever
/// wants to be known again keeps the identity in a directory. The private key never leaves this
/// object. May be used from any thread.
public final class NodeIdentity implements AutoCloseable {

  private final UUID id;
  private final KeyPair keys;
  private final NodeKey publicKey;
  private final DirectoryLock lock;

  private NodeIdentity(StoredIdentity stored, DirectoryLock lock) {
    this.id = stored.id();
    this.keys = stored.keys();
    this.publicKey = NodeKey.of(keys.getPublic());
    this.lock = lock;
  }

  /// Opens the identity that is kept in a directory, for this process alone until [#close]; the
  /// first time it is made, and the directory too.
  ///
  /// @throws IdentityInUseException when another node runs with it
  /// @throws IOException when it cannot be read or made, or when others could read or replace it;
  ///   the message names the file and what to do
  public static NodeIdentity open(Path directory) throws IOException {
    IdentityFile file = IdentityFile.in(directory);
    DirectoryLock lock =
        DirectoryLock.take(directory).orElseThrow(() -> new IdentityInUseException(directory));
    try {
      return new NodeIdentity(file.readOrCreate(() -> StoredIdentity.of(newKeys())), lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  /// Makes an identity that is kept nowhere.
  ///
  /// Each one is another node to the gateway, which remembers it and its name.
  public static NodeIdentity ephemeral() {
    return new NodeIdentity(StoredIdentity.of(newKeys()), DirectoryLock.none());
  }

  /// The node's id.
  public UUID id() {
    return id;
  }

  /// The public half of the key.
  public NodeKey publicKey() {
    return publicKey;
  }

  /// Gets a session for this node, with a request that its key has signed; blocks.
  ///
  /// @param name under which the others find the node; bound to it by the first session
  /// @throws io.penstock.api.client.ApiException when the gateway refuses or does not answer
  public Session openSession(SessionClient client, String name) throws IOException {
    return client.open(new SessionRequest(id, name, publicKey), keys.getPrivate());
  }

  /// Gets a certificate for this node's name, with a request that its key has signed; blocks.
  ///
  /// @param name of the node
  /// @param csr a PKCS#10 request in PEM for the node's full name
  /// @throws io.penstock.api.client.ApiException when the gateway refuses or does not answer
  public IssuedCertificate certify(SessionClient client, String name, String csr)
      throws IOException {
    return client.certify(new CertificateRequest(id, name, publicKey, csr), keys.getPrivate());
  }

  /// Lets another node have the directory. Repeatable.
  @Override
  public void close() {
    lock.close();
  }

  /// Names the node without its private key.
  @Override
  public String toString() {
    return "NodeIdentity[id=%s, publicKey=%s]".formatted(id, publicKey);
  }

  private static KeyPair newKeys() {
    try {
      return KeyPairGenerator.getInstance(NodeKey.ALGORITHM).generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + NodeKey.ALGORITHM, e);
    }
  }
}
